package app_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fallow-dev/fallow/"

// rule is what a package must not import.
type rule struct {
	pkg    string
	reason string
	never  []string // prefixes of imports, direct or not
}

// dialects are those of the providers, each with the ones it is made of.
var dialects = map[string][]string{
	"anthropic": nil, "openai": nil,
	"azure": {"openai"}, "gemini": {"openai"}, "preset": {"openai"},
	"bedrock": {"anthropic"}, "claudeaws": {"anthropic"},
}

// apartFrom is what no wire format may import: the pool, the store, and all
// dialects but those that it knows.
func apartFrom(known ...string) []string {
	never := []string{module + "internal/pool", module + "internal/store"}
	for dialect := range dialects {
		if !slices.Contains(known, dialect) {
			never = append(never, module+"internal/provider/"+dialect)
		}
	}
	return never
}

// TestDialectsAreListed: a new package below internal/provider is a dialect with
// rules of its own, or one of the parts that dialects share.
func TestDialectsAreListed(t *testing.T) {
	t.Parallel()
	shared := []string{"awserror", "sigv4"}
	entries, err := os.ReadDir("../provider")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, listed := dialects[e.Name()]; e.IsDir() && !listed && !slices.Contains(shared, e.Name()) {
			t.Errorf("internal/provider/%s is not among the dialects", e.Name())
		}
	}
}

// TestImportsFollowTheHouse reads the import graph: the cores must stay free
// of transports, and packages that talk to the outside must not know each other.
func TestImportsFollowTheHouse(t *testing.T) {
	t.Parallel()
	outside := []string{"net/http", "github.com/aws/"}
	rules := []rule{
		{"internal/upstream", "it is a leaf", []string{module + "internal/", "github.com/"}},
		{"internal/store", "it is a port", append([]string{module + "internal/"}, outside...)},
		{"internal/pool", "the heart knows no AWS and no HTTP", outside},
		{"internal/chat", "it is parsed text", outside},
		{"internal/redact", "it is about text, whoever says it", append([]string{module + "internal/"}, outside...)},
		{"internal/transcript", "it reads all APIs by name and none by package", []string{module + "internal/provider", module + "internal/gateway", "net/http"}},
		{"internal/sse", "it is a format", append([]string{module}, outside...)},
		{"internal/gateway", "the gateway runs anywhere", []string{"github.com/aws/aws-lambda-go", "github.com/aws/aws-sdk-go-v2/service/dynamodb"}},
		{"internal/messages", "it is parsed text, whoever the provider is", apartFrom()},
		{"internal/responses", "it is parsed text, whoever the provider is", apartFrom()},
		{"internal/provider/sigv4", "it signs for any dialect", apartFrom()},
		{"internal/provider/awserror", "it classifies for any dialect", apartFrom()},
		{"internal/store/dynamo", "stores know only the port", []string{module + "internal/pool", module + "internal/secret", module + "internal/store/embedded"}},
		{"internal/store/embedded", "stores know only the port", append([]string{module + "internal/pool", module + "internal/store/dynamo"}, outside...)},
		{"functions/gateway", "vendor SDKs quadruple the binary", []string{"github.com/openai/", "github.com/anthropics/"}},
	}
	for dialect, parents := range dialects {
		rules = append(rules, rule{"internal/provider/" + dialect, "dialects know only the one they are kin of",
			apartFrom(append(parents, dialect)...)})
	}
	for _, r := range rules {
		t.Run(r.pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps(t, module+r.pkg) {
				if i := slices.IndexFunc(r.never, func(p string) bool { return strings.HasPrefix(dep, p) }); i >= 0 {
					t.Errorf("%s imports %s (matches %q), but %s", r.pkg, dep, r.never[i], r.reason)
				}
			}
		})
	}
}

// deps lists everything a package imports, itself left out. The secret type
// brings the SDK's Secrets Manager client with it, so what is reached only
// through internal/secret is not counted.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}", pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	list := strings.Fields(string(out))
	return slices.DeleteFunc(list, func(p string) bool { return p == pkg })
}
