// Package samtest checks the stack's template against what the code and the
// config document expect of it. What the SAM transform adds is checked by
// .ci/check-template.
package samtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// stackName is the one that samconfig.toml deploys under.
const stackName = "fallow"

// node is a mapping of the template; intrinsic functions have become their
// bare arguments.
type node = map[string]any

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func template(t *testing.T) node {
	t.Helper()
	var doc node
	if err := yaml.Unmarshal([]byte(read(t, "template.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at follows a path of keys; a missing one yields nil.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(node)
		v = m[key]
	}
	return v
}

// ofType returns the properties of all resources of one type, by name.
func ofType(t *testing.T, kind string) map[string]node {
	t.Helper()
	found := map[string]node{}
	for name, r := range at(template(t), "Resources").(node) {
		if at(r, "Type") == kind {
			found[name] = at(r, "Properties").(node)
		}
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	return found
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func strs(v any) (s []string) {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	list, _ := v.([]any)
	for _, item := range list {
		s = append(s, item.(string))
	}
	return s
}

func TestGatewayStreamsThroughItsURL(t *testing.T) {
	gateway := ofType(t, "AWS::Serverless::Function")["GatewayFunction"]
	equal(t, "invoke mode", any("RESPONSE_STREAM"), at(gateway, "FunctionUrlConfig", "InvokeMode"))
	equal(t, "auth type", any("UrlAuth"), at(gateway, "FunctionUrlConfig", "AuthType"))
	equal(t, "default of the auth type", any("NONE"), at(template(t), "Parameters", "UrlAuth", "Default"))
	equal(t, "timeout", any(uint64(900)), at(gateway, "Timeout"))
	if strings.Contains(read(t, "template.yaml"), "VpcConfig:") {
		t.Error("a function in a VPC cannot stream through its URL")
	}
}

func TestEveryFunctionHasItsRoleItsLogsAndItsBuild(t *testing.T) {
	roles, logs, makefile := ofType(t, "AWS::IAM::Role"), ofType(t, "AWS::Logs::LogGroup"), read(t, ".ci/sam.mk")
	used := map[string]string{}
	for name, f := range ofType(t, "AWS::Serverless::Function") {
		role := strings.TrimSuffix(at(f, "Role").(string), ".Arn")
		if roles[role] == nil || used[role] != "" {
			t.Errorf("%s: the role %q must exist and be its own, not also %s's", name, role, used[role])
		}
		used[role] = name
		group, _ := at(f, "LoggingConfig", "LogGroup").(string)
		if logs[group] == nil {
			t.Errorf("%s: the log group %q is not of this stack", name, group)
		}
		if !regexp.MustCompile(`(?m)^build-` + name + `:`).MatchString(makefile) {
			t.Errorf("%s: nothing builds it", name)
		}
	}
	for name, group := range logs {
		if group["RetentionInDays"] == nil {
			t.Errorf("%s keeps its lines for ever", name)
		}
	}
}

func TestTableIsWhatTheStoreExpects(t *testing.T) {
	table := ofType(t, "AWS::DynamoDB::Table")["StateTable"]
	equal(t, "keys", any([]any{
		node{"AttributeName": "p", "KeyType": "HASH"},
		node{"AttributeName": "s", "KeyType": "RANGE"},
	}), table["KeySchema"])
	equal(t, "time to live", any(node{"AttributeName": "ttl", "Enabled": true}), table["TimeToLiveSpecification"])
	equal(t, "billing", any("PAY_PER_REQUEST"), table["BillingMode"])
	equal(t, "deletion protection", any("ProtectTable"), table["DeletionProtectionEnabled"])
	equal(t, "recovery", any(true), at(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"))
}

func TestFunctionsFindTheirConfigAndTable(t *testing.T) {
	equal(t, "environment", any(node{
		"FALLOW_CONFIG": "fallow.yaml", "FALLOW_TABLE": "StateTable", "FALLOW_METRICS_NAMESPACE": "AWS::StackName",
	}),
		at(template(t), "Globals", "Function", "Environment", "Variables"))
	if !strings.Contains(read(t, ".ci/sam.mk"), "'$(2)/fallow.yaml'") {
		t.Error("the build does not put fallow.yaml beside the binary")
	}
}

func TestDeployAsksNothing(t *testing.T) {
	config := read(t, "samconfig.toml")
	for _, line := range []string{"confirm_changeset = false", "resolve_s3 = true", "build_in_source = true", `capabilities = "CAPABILITY_IAM"`} {
		if !strings.Contains(config, line) {
			t.Errorf("samconfig.toml lacks %s", line)
		}
	}
}
