package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

// Update implements store.Table.
func (t *Table) Update(ctx context.Context, key store.Key, change store.Change) (store.Result, error) {
	input, err := t.updateInput(key, change)
	if err != nil {
		return store.Result{}, err
	}
	mode := repeatable
	if change.HasAdd() {
		mode = once
	}
	out, err := attempts(ctx, t.cfg, mode, func(ctx context.Context) (*dynamodb.UpdateItemOutput, error) {
		return t.cfg.Client.UpdateItem(ctx, input, noRetries)
	})
	if failed := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &failed) {
		return refused(key, change, failed.Item)
	}
	if err != nil {
		return store.Result{}, fmt.Errorf("dynamodb table %s: update %s/%s: %w", t.cfg.Table, key.Partition, key.Sort, err)
	}
	item, err := decode(key, out.Attributes)
	return store.Result{Applied: err == nil, Item: item}, err
}

func (t *Table) updateInput(key store.Key, change store.Change) (*dynamodb.UpdateItemInput, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	if err := change.Validate(); err != nil {
		return nil, err
	}
	e, err := compile(change)
	if err != nil {
		return nil, err
	}
	input := &dynamodb.UpdateItemInput{
		TableName:                           &t.cfg.Table,
		Key:                                 encodeKey(key),
		UpdateExpression:                    &e.update,
		ExpressionAttributeNames:            e.names,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(e.values) > 0 { // DynamoDB refuses an empty map
		input.ExpressionAttributeValues = e.values
	}
	if e.condition != "" {
		input.ConditionExpression = &e.condition
	}
	return input, nil
}

// refused answers for a condition that did not hold: either the caller's, or
// the guard of an OpAdd, which is an error. The item that stood there tells.
func refused(key store.Key, change store.Change, raw map[string]types.AttributeValue) (store.Result, error) {
	item, err := decode(key, raw)
	if err != nil {
		return store.Result{}, err
	}
	if _, err := store.Apply(item, change); err != nil {
		return store.Result{}, err
	}
	return store.Result{Item: item}, nil
}
