package app_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fallow-dev/fallow/"

// TestImportsFollowTheHouse reads the import graph: the cores must stay free
// of transports, and packages that talk to the outside must not know each other.
func TestImportsFollowTheHouse(t *testing.T) {
	t.Parallel()
	outside := []string{"net/http", "github.com/aws/"}
	rules := []struct {
		pkg    string
		reason string
		never  []string // prefixes of imports, direct or not
	}{
		{"internal/upstream", "it is a leaf", []string{module + "internal/", "github.com/"}},
		{"internal/store", "it is a port", append([]string{module + "internal/"}, outside...)},
		{"internal/pool", "the heart knows no AWS and no HTTP", outside},
		{"internal/chat", "it is parsed text", outside},
		{"internal/sse", "it is a format", append([]string{module}, outside...)},
		{"internal/gateway", "the gateway runs anywhere", []string{"github.com/aws/aws-lambda-go", "github.com/aws/aws-sdk-go-v2/service/dynamodb"}},
		{"internal/provider/anthropic", "dialects do not know each other", []string{module + "internal/provider/openai", module + "internal/store", module + "internal/pool"}},
		{"internal/provider/openai", "dialects do not know each other", []string{module + "internal/provider/anthropic", module + "internal/store", module + "internal/pool"}},
		{"internal/store/dynamo", "stores know only the port", []string{module + "internal/pool", module + "internal/secret", module + "internal/store/embedded"}},
		{"internal/store/embedded", "stores know only the port", append([]string{module + "internal/pool", module + "internal/store/dynamo"}, outside...)},
		{"functions/gateway", "vendor SDKs quadruple the binary", []string{"github.com/openai/", "github.com/anthropics/"}},
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
