package dynamotest_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// TestGate is the proof that the emulator may stand in for DynamoDB; every
// Start gives it too.
func TestGate(t *testing.T) {
	t.Parallel()
	if err := dynamotest.Gate(t.Context(), dynamotest.Start(t).Client()); err != nil {
		t.Fatal(err)
	}
}

func TestRestartKeepsDurableData(t *testing.T) {
	t.Setenv(dynamotest.EndpointEnv, "") // this test is about our own process
	server := dynamotest.StartDurable(t)
	table := server.NewTable(t)
	describe := func() error {
		client := dynamodb.NewFromConfig(server.Config(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
		_, err := client.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: &table})
		return err
	}
	if err := describe(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if describe() == nil {
		t.Error("a stopped server answered")
	}
	server.Restart()
	if err := describe(); err != nil {
		t.Errorf("after Restart: %v", err)
	}
}

func TestServersShareNothing(t *testing.T) {
	t.Setenv(dynamotest.EndpointEnv, "")
	a, b := dynamotest.Start(t), dynamotest.Start(t)
	if a.Endpoint() == b.Endpoint() {
		t.Fatalf("both servers listen on %s", a.Endpoint())
	}
	table := a.NewTable(t)
	_, err := b.Client().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err == nil {
		t.Error("a table of one server is in the other")
	}
}
