package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

// Query implements store.Table.
func (t *Table) Query(ctx context.Context, partition string) ([]store.Item, error) {
	if err := store.ValidatePartition(partition); err != nil {
		return nil, err
	}
	var items []store.Item
	input := t.queryInput(partition)
	for {
		page, err := attempts(ctx, t.cfg, repeatable, func(ctx context.Context) (*dynamodb.QueryOutput, error) {
			return t.cfg.Client.Query(ctx, input, noRetries)
		})
		if err != nil {
			return nil, fmt.Errorf("dynamodb table %s: query %s: %w", t.cfg.Table, partition, err)
		}
		if items, err = appendItems(items, partition, page.Items); err != nil {
			return nil, err
		}
		if len(page.LastEvaluatedKey) == 0 {
			return items, nil
		}
		input.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

func (t *Table) queryInput(partition string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 &t.cfg.Table,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("#p = :p"),
		ExpressionAttributeNames:  map[string]string{"#p": store.PartitionAttr},
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: partition}},
	}
}

func appendItems(items []store.Item, partition string, page []map[string]types.AttributeValue) ([]store.Item, error) {
	for _, raw := range page {
		sort, _ := raw[store.SortAttr].(*types.AttributeValueMemberS)
		if sort == nil {
			return nil, fmt.Errorf("partition %s: an item has no text in its sort key %q", partition, store.SortAttr)
		}
		item, err := decode(store.Key{Partition: partition, Sort: sort.Value}, raw)
		if err != nil {
			return nil, err
		}
		if item.Attrs != nil {
			items = append(items, item)
		}
	}
	return items, nil
}

// Get implements store.Table.
func (t *Table) Get(ctx context.Context, key store.Key) (store.Item, bool, error) {
	if err := key.Validate(); err != nil {
		return store.Item{}, false, err
	}
	out, err := attempts(ctx, t.cfg, repeatable, func(ctx context.Context) (*dynamodb.GetItemOutput, error) {
		return t.cfg.Client.GetItem(ctx, t.getInput(key), noRetries)
	})
	if err != nil {
		return store.Item{}, false, fmt.Errorf("dynamodb table %s: get %s/%s: %w", t.cfg.Table, key.Partition, key.Sort, err)
	}
	item, err := decode(key, out.Item)
	return item, item.Attrs != nil, err
}

func (t *Table) getInput(key store.Key) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{TableName: &t.cfg.Table, Key: encodeKey(key), ConsistentRead: aws.Bool(true)}
}
