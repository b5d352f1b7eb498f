package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// TableAPI is what is needed of a *dynamodb.Client. None of it reads items.
type TableAPI interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
}

var _ TableAPI = (*dynamodb.Client)(nil)

// dynamo compares the table with the one that template.yaml makes.
func (x *examination) dynamo(ctx context.Context) []Finding {
	switch {
	case x.Dynamo != nil:
	case x.Table == nil:
		return []Finding{{"table", Warn, "no table was named, so the shared state, its schedule and the revisions were not looked at",
			"say --table TABLE (the stack's output StateTableName)"}}
	default:
		return []Finding{good("table", "the state is kept on this machine")}
	}
	about := "table " + x.TableName
	out, err := x.Dynamo.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &x.TableName})
	if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
		return []Finding{{about, Fail, "there is no such table in this account and region",
			"deploy the stack; its output StateTableName is the name"}}
	}
	if err != nil {
		return []Finding{{about, Fail, err.Error(), "allow dynamodb:DescribeTable, or look at AWS_PROFILE and AWS_REGION"}}
	}
	found := shape(about, out.Table)
	for _, f := range []*Finding{x.expiry(ctx, about), x.backups(ctx, about)} {
		if f != nil {
			found = append(found, *f)
		}
	}
	if len(found) == 0 {
		found = []Finding{good(about, "is there, with its key, expiry and point-in-time recovery")}
	}
	return found
}

// shape looks at what a table is made with.
func shape(about string, t *types.TableDescription) []Finding {
	var found []Finding
	if !keyed(t) {
		found = append(found, Finding{about, Fail,
			fmt.Sprintf("its key is not %s (partition) and %s (sort), both texts", store.PartitionAttr, store.SortAttr),
			"a key cannot be changed: let the stack make a table, or name another"})
	}
	if t.TableStatus != types.TableStatusActive && t.TableStatus != types.TableStatusUpdating {
		found = append(found, Finding{about, Warn, fmt.Sprintf("is %s", t.TableStatus), "wait until it is ACTIVE"})
	}
	if b := t.BillingModeSummary; b != nil && b.BillingMode == types.BillingModeProvisioned {
		found = append(found, Finding{about, Warn, "has provisioned capacity, which a burst exceeds",
			"aws dynamodb update-table --billing-mode PAY_PER_REQUEST --table-name " + aws.ToString(t.TableName)})
	}
	return found
}

func keyed(t *types.TableDescription) bool {
	want := map[string]types.KeyType{store.PartitionAttr: types.KeyTypeHash, store.SortAttr: types.KeyTypeRange}
	for _, k := range t.KeySchema {
		if want[aws.ToString(k.AttributeName)] != k.KeyType {
			return false
		}
	}
	for _, a := range t.AttributeDefinitions {
		if _, part := want[aws.ToString(a.AttributeName)]; part && a.AttributeType != types.ScalarAttributeTypeS {
			return false
		}
	}
	return len(t.KeySchema) == len(want)
}

func (x *examination) expiry(ctx context.Context, about string) *Finding {
	out, err := x.Dynamo.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &x.TableName})
	if err != nil {
		return &Finding{about, Warn, "its expiry could not be looked at: " + err.Error(), "allow dynamodb:DescribeTimeToLive"}
	}
	on := map[types.TimeToLiveStatus]bool{types.TimeToLiveStatusEnabled: true, types.TimeToLiveStatusEnabling: true}
	if d := out.TimeToLiveDescription; d != nil && on[d.TimeToLiveStatus] && aws.ToString(d.AttributeName) == dynamo.TTLAttr {
		return nil
	}
	return &Finding{about, Warn, "nothing in it expires, so it grows", fmt.Sprintf(
		"aws dynamodb update-time-to-live --table-name %s --time-to-live-specification Enabled=true,AttributeName=%s", x.TableName, dynamo.TTLAttr)}
}

func (x *examination) backups(ctx context.Context, about string) *Finding {
	out, err := x.Dynamo.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &x.TableName})
	if err != nil {
		return &Finding{about, Warn, "its point-in-time recovery could not be looked at: " + err.Error(),
			"allow dynamodb:DescribeContinuousBackups"}
	}
	if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil &&
		b.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		return nil
	}
	return &Finding{about, Warn, "has no point-in-time recovery: what was learned of the quotas, and the revisions, could be lost", fmt.Sprintf(
		"aws dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true", x.TableName)}
}
