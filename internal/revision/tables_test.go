package revision_test

import (
	"context"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

// onTables runs a test on a table in memory and on one in DynamoDB.
func onTables(t *testing.T, test func(*testing.T, store.Table)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, memory())
	})
	t.Run("dynamodb", func(t *testing.T) {
		t.Parallel()
		server := dynamotest.Start(t)
		test(t, dynamo.New(dynamo.Config{Client: server.Client(), Table: server.NewTable(t), Timeout: 5 * time.Second}))
	})
}

// dying is a table whose writers have bad luck.
type dying struct {
	store.Table
	uncopied string // the copy of that name fails
	twice    bool   // writes are made twice, and the second answer is given
	before   func() // is done once, before the first write of the head
}

func (d *dying) Update(ctx context.Context, key store.Key, change store.Change) (store.Result, error) {
	if key.Sort == d.uncopied {
		return store.Result{}, storetest.ErrInjected
	}
	if d.before != nil && key.Sort == "head" {
		before := d.before
		d.before = nil
		before()
	}
	if d.twice {
		if _, err := d.Table.Update(ctx, key, change); err != nil {
			return store.Result{}, err
		}
	}
	return d.Table.Update(ctx, key, change)
}
