package samtest

import "testing"

func TestRolesMayDoNoMoreThanTheyMust(t *testing.T) {
	table := []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"}
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

// rights lists a role's actions by resource.
func rights(role node) map[string][]string {
	granted := map[string][]string{}
	for _, policy := range at(role, "Policies").([]any) {
		for _, s := range at(policy, "PolicyDocument", "Statement").([]any) {
			for _, resource := range strs(at(s, "Resource")) {
				granted[resource] = append(granted[resource], strs(at(s, "Action"))...)
			}
		}
	}
	return granted
}
