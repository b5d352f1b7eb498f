package pool_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// agreeing applies every write to an item that it never changes, so that what
// is measured is the pool and not the table.
type agreeing struct {
	store.Table
	item store.Item
}

func (a agreeing) Query(context.Context, string) ([]store.Item, error) {
	return []store.Item{a.item}, nil
}

func (a agreeing) Update(context.Context, store.Key, store.Change) (store.Result, error) {
	return store.Result{Applied: true, Item: a.item}, nil
}

// known is the record of a quota with limits that never bind.
func known() store.Item {
	key := store.Key{Partition: records.Partition("claude"), Sort: quotaOfKey}
	return store.Item{Key: key, Attrs: map[string]store.Value{
		"requests_limit": store.Num(1 << 40), "input_limit": store.Num(1 << 40), "output_limit": store.Num(1 << 40),
		"requests_at": store.Num(1), "input_at": store.Num(1), "output_at": store.Num(1),
		"version": store.Num(1), "booked": store.Num(1), "ttl": store.Num(1),
	}}
}

// BenchmarkReserve is what a request pays for its booking when limits are
// known: one write.
func BenchmarkReserve(b *testing.B) {
	memory := embedded.NewMemory()
	seed(b, memory)
	for _, bm := range []struct {
		name  string
		table store.Table
	}{{"without store", agreeing{item: known()}}, {"memory store", memory}} {
		b.Run(bm.name, func(b *testing.B) { reserveEach(b, bm.table) })
	}
}

// BenchmarkReserveOnDynamoDB is the same over the emulator, beside it what the
// write alone takes.
func BenchmarkReserveOnDynamoDB(b *testing.B) {
	server := dynamotest.Start(b)
	table := dynamo.New(dynamo.Config{Client: server.Client(), Table: server.NewTable(b), Timeout: 30 * time.Second})
	seed(b, table)
	b.Run("book", func(b *testing.B) { reserveEach(b, table) })
	b.Run("one addition", func(b *testing.B) {
		b.ReportAllocs()
		change := store.Change{Do: []store.Assign{store.Add("n", 1)}}
		for b.Loop() {
			if _, err := table.Update(b.Context(), store.Key{Partition: "p", Sort: "s"}, change); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// echo is a DynamoDB client that answers at once, so that what is measured is
// the pool and what it takes to word the write and to read the answer.
type echo struct {
	dynamo.Client
	attrs map[string]types.AttributeValue
}

func (e echo) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{e.attrs}}, nil
}

func (e echo) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{Attributes: e.attrs}, nil
}

// BenchmarkReserveWorded is BenchmarkReserve with the expressions of DynamoDB
// but without a network.
func BenchmarkReserveWorded(b *testing.B) {
	item := known()
	e := echo{attrs: map[string]types.AttributeValue{
		"p": &types.AttributeValueMemberS{Value: item.Key.Partition}, "s": &types.AttributeValueMemberS{Value: item.Key.Sort},
	}}
	for attr, v := range item.Attrs {
		e.attrs[attr] = &types.AttributeValueMemberN{Value: strconv.FormatInt(v.Int(), 10)}
	}
	reserveEach(b, dynamo.New(dynamo.Config{Client: e, Table: "t"}))
}

func seed(b *testing.B, table store.Table) {
	b.Helper()
	item := known()
	var do []store.Assign
	for attr, v := range item.Attrs {
		do = append(do, store.Set(attr, v))
	}
	if _, err := table.Update(b.Context(), item.Key, store.Change{Do: do}); err != nil {
		b.Fatal(err)
	}
}

func reserveEach(b *testing.B, table store.Table) {
	now := time.Now() // moves on, or even these limits would bind in the end
	p := newPool(table, keys(1), clock(func() time.Time { now = now.Add(time.Millisecond); return now }))
	want := asking("conversation")
	want.Input = 8000
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Book(b.Context(), want); err != nil {
			b.Fatal(err)
		}
	}
}
