package dynamo_test

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// BenchmarkUpdate is the hot write over the emulator on the same machine; the
// round trip to DynamoDB comes on top of what the client takes of it.
func BenchmarkUpdate(b *testing.B) {
	server := dynamotest.Start(b)
	table := dynamo.New(dynamo.Config{Client: dynamo.NewClient(server.Config()), Table: server.NewTable(b), Timeout: 30 * time.Second})
	key := store.Key{Partition: "pool", Sort: "group"}
	b.ReportAllocs()
	for until := int64(1); b.Loop(); until++ {
		change := store.Change{
			If: store.Any(store.Absent("cool_until"), store.Is("cool_until", store.LT, store.Num(until))),
			Do: []store.Assign{store.Set("cool_until", store.Num(until)), store.Set("cool_reason", store.Text("rate_limit"))},
		}
		if result, err := table.Update(b.Context(), key, change); err != nil || !result.Applied {
			b.Fatal(result, err)
		}
	}
}
