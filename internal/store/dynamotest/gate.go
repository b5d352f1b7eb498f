package dynamotest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// racers is how many clients write the same version of one item at once, and
// gateRounds how many versions they fight over. Both are small enough for the
// gate to run at every Start.
const (
	racers     = 64
	gateRounds = 5
)

// Gate proves the two things that every rule of Fallow's shared state rests
// on, and that an emulator may get wrong without any test of ours noticing:
// of 64 conditional updates of the same version exactly one wins, and each
// loser is told the item that beat it. It works on a table of its own, and is
// written against the plain SDK so that it judges the server and not our code.
func Gate(ctx context.Context, client *dynamodb.Client) error {
	// A name of its own, as another gate may use the same server right now.
	g := gate{client: client, table: "fallow-gate-" + rand.Text()}
	if err := g.createTable(ctx); err != nil {
		return err
	}
	for version := range gateRounds {
		if err := g.race(ctx, version); err != nil {
			return fmt.Errorf("emulator gate, version %d: %w", version, err)
		}
	}
	_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &g.table})
	return err
}

type gate struct {
	client *dynamodb.Client
	table  string
}

func (g gate) createTable(ctx context.Context) error {
	_, err := g.client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            &g.table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("p"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		return fmt.Errorf("emulator gate: create table: %w", err)
	}
	return nil
}

// race lets all racers move the item from version to version+1.
func (g gate) race(ctx context.Context, version int) error {
	var winners atomic.Int64
	errs := make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			won, err := g.attempt(ctx, version, i)
			errs[i] = err
			if won {
				winners.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if got := winners.Load(); got != 1 {
		return fmt.Errorf("%d of %d conditional updates won, want exactly 1: updates are not atomic", got, racers)
	}
	return nil
}

func (g gate) attempt(ctx context.Context, version, racer int) (won bool, err error) {
	_, err = g.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                &g.table,
		Key:                      map[string]types.AttributeValue{"p": &types.AttributeValueMemberS{Value: "race"}},
		UpdateExpression:         aws.String("SET #v = :new, #w = :racer"),
		ConditionExpression:      aws.String("attribute_not_exists(#v) OR #v = :old"),
		ExpressionAttributeNames: map[string]string{"#v": "version", "#w": "winner"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":old": number(version), ":new": number(version + 1), ":racer": number(racer),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	lost := (*types.ConditionalCheckFailedException)(nil)
	if !errors.As(err, &lost) {
		return err == nil, err
	}
	if got, ok := lost.Item["version"].(*types.AttributeValueMemberN); !ok || got.Value != strconv.Itoa(version+1) {
		return false, fmt.Errorf("a failed condition returned item %v, want the one at version %d (ALL_OLD)", lost.Item, version+1)
	}
	return false, nil
}

func number(n int) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}
