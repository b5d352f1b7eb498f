package dynamo_test

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

func TestTable(t *testing.T) {
	server := dynamotest.Start(t)
	client := dynamo.NewClient(server.Config())
	storetest.Run(t, func(t *testing.T) store.Table {
		// The suite asks what the answers are, not how fast they come: 64
		// racers on a busy machine wait longer than 80 ms.
		return dynamo.New(dynamo.Config{Client: client, Table: server.NewTable(t), Timeout: 30 * time.Second})
	})
}
