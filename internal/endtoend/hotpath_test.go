//go:build e2e

package endtoend

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	hotRounds = 4000
	// hotFresh is after how many rounds an instance that has just started books.
	hotFresh  = 10
	hotFamily = "sonnet"
	hotTokens = 8000
	hotName   = "hot"
)

// counting counts the calls of a client without standing in their way, as a
// proxy would.
type counting struct {
	dynamo.Client
	reads, writes int
}

func (c *counting) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.reads++
	return c.Client.Query(ctx, in, o...)
}

func (c *counting) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	c.writes++
	return c.Client.UpdateItem(ctx, in, o...)
}

// TestHotPath prints what a booking adds to a request when there is room, over
// the emulator, beside the emulator's own conditional write. The two alternate,
// and so does which of them goes first, so that whatever else the machine does
// meets both. That a booking is one write is judged; how long it takes is not.
func TestHotPath(t *testing.T) {
	server := dynamotest.Start(t)
	name := server.NewTable(t)
	client := &counting{Client: server.Client()}
	table := dynamo.New(dynamo.Config{Client: client, Table: name, Timeout: 10 * time.Second})
	keys := roomyKeys(t, table)

	p := hotPool(table, keys)
	settled(t, p, 0) // its first booking reads the pool
	client.reads, client.writes = 0, 0
	var bare, warm, first []time.Duration
	for n := range hotRounds {
		both := []func(){
			func() { bare = append(bare, bareWrite(t, server.Client(), name, n)) },
			func() { warm = append(warm, settled(t, p, n)) },
		}
		both[n%2]()
		both[1-n%2]()
	}
	// One write for each booking, and one for fifty answers to count them. What
	// is settled is owed and goes along.
	if client.writes > hotRounds*103/100 || client.reads > hotRounds/100 {
		t.Errorf("%d bookings made %d writes and %d reads, want one write each and hardly a read", hotRounds, client.writes, client.reads)
	}
	for n := range hotRounds / hotFresh {
		first = append(first, settled(t, hotPool(table, keys), n))
	}
	fmt.Printf("| over the emulator, ms | p50 | p95 | p99 |\n|---|---|---|---|\n%s%s%s%s\n",
		quantiles("its own conditional UpdateItem, by the plain SDK", bare),
		quantiles("a booking with room: one UpdateItem", warm),
		quantiles("the booking less the UpdateItem of the same round", less(warm, bare)),
		quantiles("first booking of an instance: Query and UpdateItem", first))
}

// roomyKeys are four keys whose limits are known and never bind.
func roomyKeys(t *testing.T, table store.Table) (keys []pool.Key) {
	t.Helper()
	plenty := store.Num(1 << 38)
	known := store.Change{Do: []store.Assign{
		store.Set(records.AttrRequestsLimit, plenty), store.Set(records.AttrInputLimit, plenty), store.Set(records.AttrOutputLimit, plenty),
		store.Set(records.AttrHeadersAt, store.Num(time.Now().UnixMilli())), store.Set(records.AttrVersion, store.Num(1)),
	}}
	for n := range 4 {
		k := pool.Key{Name: fmt.Sprintf("key-%d", n+1), Weight: 1}
		if _, err := table.Update(t.Context(), records.GroupScope(k.Name, hotFamily).In(hotName), known); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

func hotPool(table store.Table, keys []pool.Key) *pool.Pool {
	return pool.New(pool.Config{Name: hotName, Keys: keys, Table: table, WaitBudget: 30 * time.Second})
}

// settled books for a request, closes the booking, and returns what the former
// took.
func settled(t *testing.T, p *pool.Pool, n int) time.Duration {
	t.Helper()
	began := time.Now()
	b, err := p.Book(t.Context(), pool.Want{Model: hotFamily, Family: hotFamily, Conversation: strconv.Itoa(n), Input: hotTokens})
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	b.Learn(t.Context(), pool.Outcome{})
	b.Settle(t.Context(), upstream.Usage{InputTokens: hotTokens, OutputTokens: hotTokens / 10})
	return took
}

// bareWrite is the least that books anything: one condition, one addition, and
// the item back. It goes to four items, as the bookings do.
func bareWrite(t *testing.T, client dynamo.Client, table string, n int) time.Duration {
	t.Helper()
	number := func(n int64) types.AttributeValue {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
	}
	began := time.Now()
	_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table,
		Key: map[string]types.AttributeValue{
			"p": &types.AttributeValueMemberS{Value: "bare"}, "s": &types.AttributeValueMemberS{Value: strconv.Itoa(n % 4)},
		},
		ConditionExpression:                 aws.String("attribute_not_exists(#until) OR #until <= :now"),
		UpdateExpression:                    aws.String("ADD #at :cost"),
		ExpressionAttributeNames:            map[string]string{"#until": "until", "#at": "at"},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":now": number(began.UnixMilli()), ":cost": number(60)},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// less is what each of a took more than its fellow of b.
func less(a, b []time.Duration) (more []time.Duration) {
	for i := range a {
		more = append(more, a[i]-b[i])
	}
	return more
}

// quantiles is a row of a table.
func quantiles(what string, took []time.Duration) string {
	took = slices.Sorted(slices.Values(took)) // a copy: others pair what stands in it
	at := func(q int) float64 { return took[(len(took)-1)*q/100].Seconds() * 1000 }
	return fmt.Sprintf("| %s | %.2f | %.2f | %.2f |\n", what, at(50), at(95), at(99))
}
