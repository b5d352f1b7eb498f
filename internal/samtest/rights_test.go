package samtest

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

func TestRolesMayDoNoMoreThanTheyMust(t *testing.T) {
	table := []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"} // the last for pools only
	logs := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	want := map[string]map[string][]string{ // role, resource, actions
		"GatewayRole": {
			"StateTable.Arn": table, "GatewayLogs.Arn": logs,
			"KeysSecret":    {"secretsmanager:GetSecretValue"},
			"ClientsSecret": {"secretsmanager:GetSecretValue"},
			"AdminSecret":   {"secretsmanager:GetSecretValue"},
		},
		"RebalanceRole": {
			"StateTable.Arn": table, "RebalanceLogs.Arn": logs,
			"KeysSecret": {"secretsmanager:GetSecretValue"}, // no client's token, not the admin's
		},
		"DeployRole": {
			"GatewayFunction.Arn":         {"lambda:GetAlias", "lambda:UpdateAlias"},
			"${GatewayFunction.Arn}:live": {"lambda:GetAlias", "lambda:UpdateAlias"},
			"${GatewayFunction.Arn}:*":    {"lambda:GetProvisionedConcurrencyConfig"},
			"*":                           {"cloudwatch:DescribeAlarms"},
		},
	}
	got := map[string]map[string][]string{}
	for name, role := range ofType(t, "AWS::IAM::Role") {
		got[name] = rights(role)
	}
	equal(t, "rights", want, got)
}

// What keys with the secret aws:role may use, the operator names by ARN; nothing
// is granted until then. The actions are those of the calls that the dialects
// make: InvokeModel's right is Converse's too.
func TestRolesMayUseTheModelsThatAreNamed(t *testing.T) {
	want := map[string]map[string][]string{
		"GatewayModels": {"ModelArns": {
			"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:CountTokens", "bedrock-mantle:CreateInference",
			"aws-external-anthropic:CreateInference", "aws-external-anthropic:CountTokens", "aws-external-anthropic:ListModels",
		}},
		"RebalanceModels": {"ModelArns": {"aws-external-anthropic:ListModels"}},
	}
	got := map[string]map[string][]string{}
	for name, policy := range ofType(t, "AWS::IAM::Policy") {
		got[name] = map[string][]string{}
		grant(got[name], policy)
		equal(t, name+"'s condition", any("ModelsAreNamed"), at(template(t), "Resources", name, "Condition"))
	}
	equal(t, "rights", want, got)
	allowed := at(template(t), "Parameters", "ModelArns", "AllowedPattern").(string)
	for arn, ok := range map[string]bool{
		"": true, "*": false, "arn:aws:s3:::bucket": false, "arn:aws:bedrock": false,
		"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-5":               true,
		"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0":    true,
		"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.nova-pro-v1:0":         true,
		"arn:aws:bedrock-mantle:us-east-1:123456789012:project/default":                       true,
		"arn:aws:aws-external-anthropic:us-west-2:123456789012:workspace/wrkspc_01AbCdEf23Gh": true,
	} {
		if regexp.MustCompile(allowed).MatchString(arn) != ok {
			t.Errorf("ModelArns takes %q: %v, want %v", arn, !ok, ok)
		}
	}
}

// TestOnlyOperatorsWriteRevisions: a revision says where keys are sent, so what
// the functions may write must not be one, by the name that the code gives it.
func TestOnlyOperatorsWriteRevisions(t *testing.T) {
	written := &partitions{Table: embedded.NewMemory()}
	draft := revision.Draft{Text: []byte(read(t, "fallow.yaml")), Author: "somebody", Source: revision.FromCLI}
	if _, _, err := revision.New(revision.Config{Table: written}).Apply(t.Context(), draft); err != nil {
		t.Fatal(err)
	}
	if len(written.names) == 0 {
		t.Fatal("no revision was written")
	}
	for name, role := range ofType(t, "AWS::IAM::Role") {
		for _, policy := range at(role, "Policies").([]any) {
			for _, s := range at(policy, "PolicyDocument", "Statement").([]any) {
				if slices.Contains(strs(at(s, "Action")), "dynamodb:UpdateItem") {
					checkPartitions(t, name, s, written.names)
				}
			}
		}
	}
}

func checkPartitions(t *testing.T, role string, statement any, refused []string) {
	t.Helper()
	allowed := strs(at(statement, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
	equal(t, role+"'s partitions", []string{"pool#*"}, allowed)
	equal(t, role+" without a key", any("false"), at(statement, "Condition", "Null", "dynamodb:LeadingKeys"))
	for _, partition := range refused {
		if strings.HasPrefix(partition, strings.TrimSuffix(allowed[0], "*")) {
			t.Errorf("%s may write %s, where revisions are", role, partition)
		}
	}
}

// partitions notes where is written.
type partitions struct {
	store.Table
	names []string
}

func (p *partitions) Update(ctx context.Context, key store.Key, change store.Change) (store.Result, error) {
	p.names = append(p.names, key.Partition)
	return p.Table.Update(ctx, key, change)
}

// rights lists a role's actions by resource.
func rights(role node) map[string][]string {
	granted := map[string][]string{}
	for _, policy := range at(role, "Policies").([]any) {
		grant(granted, policy)
	}
	return granted
}

// grant adds a policy's.
func grant(granted map[string][]string, policy any) {
	for _, s := range at(policy, "PolicyDocument", "Statement").([]any) {
		for _, resource := range strs(at(s, "Resource")) {
			granted[resource] = append(granted[resource], strs(at(s, "Action"))...)
		}
	}
}
