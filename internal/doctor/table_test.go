package doctor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// tableAPI describes the table that it holds.
type tableAPI struct {
	table   *types.TableDescription
	expiry  *types.TimeToLiveDescription
	backups *types.ContinuousBackupsDescription
	err     [3]error
}

func (a *tableAPI) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return &dynamodb.DescribeTableOutput{Table: a.table}, a.err[0]
}

func (a *tableAPI) DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: a.expiry}, a.err[1]
}

func (a *tableAPI) DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: a.backups}, a.err[2]
}

// sound is a table as template.yaml makes it.
func sound() *tableAPI {
	attr := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	return &tableAPI{
		table: &types.TableDescription{
			TableName: aws.String("state"), TableStatus: types.TableStatusActive,
			AttributeDefinitions: []types.AttributeDefinition{attr("p"), attr("s")},
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("s"), KeyType: types.KeyTypeRange},
			},
		},
		expiry: &types.TimeToLiveDescription{AttributeName: aws.String("ttl"), TimeToLiveStatus: types.TimeToLiveStatusEnabled},
		backups: &types.ContinuousBackupsDescription{PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{
			PointInTimeRecoveryStatus: types.PointInTimeRecoveryStatusEnabled}},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		edit      func(*tableAPI)
		level     doctor.Level
		says, fix string
	}{
		{"sound", func(*tableAPI) {}, doctor.OK, "is there, with its key", ""},
		{"missing", func(a *tableAPI) { a.err[0] = &types.ResourceNotFoundException{} }, doctor.Fail, "no such table", "StateTableName"},
		{"not to be described", func(a *tableAPI) { a.err[0] = errors.New("AccessDenied") }, doctor.Fail, "AccessDenied", "dynamodb:DescribeTable"},
		{"other names", func(a *tableAPI) { a.table.KeySchema[0].AttributeName = aws.String("pk") }, doctor.Fail, "its key is not p", "cannot be changed"},
		{"swapped", func(a *tableAPI) {
			k := a.table.KeySchema
			k[0].AttributeName, k[1].AttributeName = k[1].AttributeName, k[0].AttributeName
		}, doctor.Fail, "its key is not p", ""},
		{"without a sort key", func(a *tableAPI) { a.table.KeySchema = a.table.KeySchema[:1] }, doctor.Fail, "its key is not p", ""},
		{"number as a key", func(a *tableAPI) { a.table.AttributeDefinitions[1].AttributeType = types.ScalarAttributeTypeN }, doctor.Fail, "both texts", ""},
		{"being made", func(a *tableAPI) { a.table.TableStatus = types.TableStatusCreating }, doctor.Warn, "is CREATING", "wait"},
		{"provisioned", func(a *tableAPI) {
			a.table.BillingModeSummary = &types.BillingModeSummary{BillingMode: types.BillingModeProvisioned}
		}, doctor.Warn, "provisioned capacity", "PAY_PER_REQUEST --table-name state"},
		{"nothing expires", func(a *tableAPI) { a.expiry.TimeToLiveStatus = types.TimeToLiveStatusDisabled }, doctor.Warn, "nothing in it expires", "AttributeName=ttl"},
		{"expires by something else", func(a *tableAPI) { a.expiry.AttributeName = aws.String("until") }, doctor.Warn, "nothing in it expires", ""},
		{"expiry unknown", func(a *tableAPI) { a.err[1] = errors.New("AccessDenied") }, doctor.Warn, "expiry could not be looked at", "DescribeTimeToLive"},
		{"no recovery", func(a *tableAPI) { a.backups = nil }, doctor.Warn, "no point-in-time recovery", "update-continuous-backups"},
		{"recovery unknown", func(a *tableAPI) { a.err[2] = errors.New("UnknownOperation") }, doctor.Warn, "could not be looked at: UnknownOperation", "DescribeContinuousBackups"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := sound()
			tt.edit(api)
			r := doctor.Run(t.Context(), doctor.Config{
				Document: document(t, keys(1)...), Dynamo: api, TableName: "state",
				Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL()),
			})
			wantFinding(t, r, "table state", tt.level, tt.says, tt.fix)
		})
	}
}

// TestRealTable holds the checks to a table that the SDK describes.
func TestRealTable(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	name := server.NewTable(t)
	r := doctor.Run(t.Context(), doctor.Config{
		Document: document(t, keys(1)...), Dynamo: server.Client(), TableName: name,
		Table:   dynamo.New(dynamo.Config{Client: server.Client(), Table: name, Timeout: 5 * time.Second}),
		Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL()),
	})
	for _, f := range r.Findings {
		if f.About == "table "+name && f.Level == doctor.Fail {
			t.Errorf("got %+v of a table as we make it", f)
		}
	}
	wantFinding(t, r, "schedule, pool claude", doctor.Warn, "has not run yet", "wait two minutes")
	r = doctor.Run(t.Context(), doctor.Config{
		Document: document(t, keys(1)...), Dynamo: server.Client(), TableName: "nowhere",
		Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL()),
	})
	wantFinding(t, r, "table nowhere", doctor.Fail, "no such table", "")
}
