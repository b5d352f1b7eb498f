package dynamotest_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// BenchmarkServer makes the table in docs/dynamodb-emulator.md: latency as a
// client sees it with 1 and with 40 connections, the number of Lambda
// environments of the end-to-end test. Every client writes its own item of one
// partition, as instances with different quota groups do.
func BenchmarkServer(b *testing.B) {
	server := dynamotest.Start(b)
	client := server.Client()
	table := server.NewTable(b)
	ops := []struct {
		name string
		call func(client int) error
	}{
		{"UpdateItem", func(n int) error { return benchUpdate(b.Context(), client, table, n) }},
		{"Query", func(int) error { return benchQuery(b.Context(), client, table) }},
	}
	for _, op := range ops {
		for _, clients := range []int{1, 40} {
			b.Run(fmt.Sprintf("%s/clients=%d", op.name, clients), func(b *testing.B) { measure(b, clients, op.call) })
		}
	}
}

// measure spreads b.N calls over the clients and reports the quantiles.
func measure(b *testing.B, clients int, call func(client int) error) {
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				begin := time.Now()
				if err := call(client); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	for _, q := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*q/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", q))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func benchUpdate(ctx context.Context, client *dynamodb.Client, table string, n int) error {
	_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table,
		Key: map[string]types.AttributeValue{
			"p": &types.AttributeValueMemberS{Value: "pool"},
			"s": &types.AttributeValueMemberS{Value: strconv.Itoa(n % 4)},
		},
		UpdateExpression:                    aws.String("SET #u = :u, #r = :r"),
		ConditionExpression:                 aws.String("attribute_not_exists(#u) OR #u <= :u"),
		ExpressionAttributeNames:            map[string]string{"#u": "cool_until", "#r": "reason"},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":u": &types.AttributeValueMemberN{Value: "1700000000000"}, ":r": &types.AttributeValueMemberS{Value: "rate_limited"}},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return err
}

func benchQuery(ctx context.Context, client *dynamodb.Client, table string) error {
	_, err := client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &table,
		KeyConditionExpression:    aws.String("p = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "pool"}},
		ConsistentRead:            aws.Bool(true),
	})
	return err
}
