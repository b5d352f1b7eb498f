package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

// TTLAttr holds the second since the epoch after which DynamoDB may delete an
// item. It does so within days, so whoever reads must not rely on it.
const TTLAttr = "ttl"

// createTimeout bounds the wait for a new table, which takes some 10 seconds.
const createTimeout = time.Minute

// CreateTable makes the table as template.yaml does: on demand, key p and s,
// TTL. It is for tests and for server mode. A table that exists is left as it
// is, except that TTL is switched on.
func CreateTable(ctx context.Context, client *dynamodb.Client, table string) error {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(store.PartitionAttr), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(store.SortAttr), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(store.PartitionAttr), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(store.SortAttr), KeyType: types.KeyTypeRange},
		},
	})
	if exists := (*types.ResourceInUseException)(nil); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create dynamodb table %s: %w", table, err)
	}
	waiter := dynamodb.NewTableExistsWaiter(client)
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, createTimeout); err != nil {
		return fmt.Errorf("wait for dynamodb table %s: %w", table, err)
	}
	return enableTTL(ctx, client, table)
}

func enableTTL(ctx context.Context, client *dynamodb.Client, table string) error {
	now, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return fmt.Errorf("read TTL of dynamodb table %s: %w", table, err)
	}
	switch now.TimeToLiveDescription.TimeToLiveStatus {
	case types.TimeToLiveStatusEnabled, types.TimeToLiveStatusEnabling:
		return nil // asking again is an error
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(TTLAttr), Enabled: aws.Bool(true)},
	})
	if err != nil {
		return fmt.Errorf("switch on TTL of dynamodb table %s: %w", table, err)
	}
	return nil
}
