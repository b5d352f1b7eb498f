//go:build e2e

package endtoend

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// indiscreet is a provider that repeats all it was sent and all it knows of the
// account behind it, in heads, in errors, and in streams that break.
type indiscreet struct {
	*httptest.Server
	calls atomic.Int64
}

func newIndiscreet(t *testing.T) *indiscreet {
	t.Helper()
	p := &indiscreet{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// statuses are answered in turn. Each pool has the keys to get through a few.
var statuses = []int{401, 400, 403, 404, 429, 413, 500, 529, 402, 200}

func (p *indiscreet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	var sent []string
	for name, values := range r.Header {
		sent = append(sent, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(sent)
	account := organisation(7) + " " + accountID(7)
	told := fmt.Sprintf("Incorrect API key provided, organization %s: %s %s", account, r.URL.RequestURI(), strings.Join(sent, "; "))
	h := w.Header()
	for _, name := range []string{"Openai-Organization", "Anthropic-Organization-Id", "X-Account", "Www-Authenticate", "X-Debug"} {
		h.Set(name, account)
	}
	h.Set("X-Debug", strings.Join(sent, "; "))
	h.Set("Set-Cookie", "session="+planted.Plant("provider's cookie", "__cf_"))
	h.Set("Content-Type", "application/json")
	status := statuses[int(p.calls.Add(1))%len(statuses)]
	w.WriteHeader(status)
	if status == http.StatusOK { // a stream that fails, or nothing that can be read
		fmt.Fprintf(w, "event: error\ndata: %s\n\n", quote(map[string]any{"type": "error", "error": map[string]string{"type": "api_error", "message": told}}))
		return
	}
	_, _ = w.Write(quote(map[string]any{"type": "error", "message": told,
		"error": map[string]any{"type": "invalid_request_error", "code": "invalid_api_key", "status": "INVALID_ARGUMENT", "message": told}}))
}

func quote(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of maps and strings
	}
	return text
}

// indiscreetPools are the pools besides the rig's own, by name: how they are
// written, and their secret.
var indiscreetPools = []struct{ name, text, secret string }{
	{"openai", `provider: openai, base_url: "%s/v1"`, planted.Plant("OpenAI key", "sk-proj-")},
	{"anthropic", `provider: anthropic, base_url: "%s", passthrough: true`, planted.Plant("Anthropic key", "sk-ant-api03-")},
	{"gemini", `provider: gemini, base_url: "%s/v1beta"`, planted.Plant("Gemini key", "AIzaSy")},
	{"azure", `provider: azure, base_url: "%s"`, planted.Plant("Azure key", "")},
	{"compatible", `provider: openai-compatible, base_url: "%s/v1"`, planted.Plant("compatible key", "gsk_")},
	{"bedrock", `provider: bedrock, base_url: "%s"`, plantAccessKey("key's access key id") + ":" +
		planted.Plant("key's AWS secret key", "") + ":" + planted.Plant("key's AWS session token", "FwoGZXIvYXdzE")},
}

// makeIndiscreet puts the pools into the document, each with two keys of which one
// comes from Secrets Manager and one from the environment or a file.
func (r *rig) makeIndiscreet(t *testing.T, provider string) {
	t.Helper()
	var pools, models strings.Builder
	fields := map[string]string{}
	for i, p := range indiscreetPools {
		fields[p.name] = p.secret
		second := "env:KEY_OF_" + strings.ToUpper(p.name)
		if i%2 == 0 {
			path := filepath.Join(t.TempDir(), p.name)
			if err := os.WriteFile(path, []byte(p.secret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			second = "file:" + path
		} else {
			r.more = append(r.more, "KEY_OF_"+strings.ToUpper(p.name)+"="+p.secret)
		}
		fmt.Fprintf(&pools, "  %s: {"+p.text+", wait_budget: 1s, keys: [{name: a, secret: \"secretsmanager:fallow/more#%s\"}, {name: b, secret: %q}]}\n",
			p.name, provider, p.name, second)
		fmt.Fprintf(&models, "  %s-*: {targets: [{pool: %s, model: %s}]}\n", p.name, p.name, map[bool]string{true: "anthropic.claude-sonnet-5", false: "m"}[p.name == "bedrock"])
	}
	r.secrets.Put("fallow/more", string(quote(fields)))
	r.secrets.Put("fallow/admin-keys", string(quote(map[string]string{"anthropic": adminKey})))
	doc := r.document()
	doc = strings.Replace(doc, "models:\n", pools.String()+"models:\n"+models.String(), 1)
	doc = strings.Replace(doc, "    keys:\n", "    admin_key: \"secretsmanager:fallow/admin-keys#anthropic\"\n    keys:\n", 1)
	doc = strings.Replace(doc, "admin: {", "admin: {config: {source: table}, ", 1)
	if err := os.WriteFile(r.config, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	adminKey   = planted.Plant("provider's admin key", "sk-ant-admin01-")
	wrongToken = planted.Plant("wrong token", "fallow-")
	literal    = planted.Plant("literal in a document", "sk-ant-api03-")
)

// TestNothingPlantedLeaves provokes what is said when something goes wrong, in all
// parts and by all who may say it. What they say is searched as after every test
// (leaks_test.go).
func TestNothingPlantedLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(0))
	r.exportTraces(t, 1)
	provider := newIndiscreet(t)
	r.makeIndiscreet(t, provider.URL)
	r.sim.Inject(simprovider.Fault{Effect: fault.Revoked, Key: providerKey(2), Message: "no such key " + providerKey(2) + " of " + organisation(2)})
	r.command1(t, 0, "is in force", "config", "apply", r.config, "--table", r.table, "--author", "ci")
	for _, url := range []string{r.serve(t, "--log-json"), r.lambdas(t, 4).URL()} {
		r.provoke(t, url)
	}
	if provider.calls.Load() < 25 {
		t.Errorf("the indiscreet provider was called %d times only", provider.calls.Load())
	}
	r.provokeCommands(t)
	r.wanted = []string{"log", "table", "traces", "function", "command", "answer head", "answer body"}
	out, err := r.function(t, "rebalance", 1).Invoke(t.Context(), []byte("{}"))
	r.leaks.Take("function", fmt.Append(out, err)) // it fails for the admin key
	if !strings.Contains(r.logs.String(), `"rebalancer goes by config","revision":"revision 1 by ci`) {
		t.Errorf("the rebalancer does not say that it goes by revision 1: %s, %v", out, err)
	}
}

// provoke sends requests of all kinds to all pools, with all that a client may
// send along, and some that are refused.
func (r *rig) provoke(t *testing.T, url string) {
	t.Helper()
	bodies := map[string]string{
		"/v1/chat/completions": `{"model": %q, "stream": %v, "messages": [{"role": "user", "content": "hello"}]}`,
		"/v1/messages":         `{"model": %q, "stream": %v, "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}`,
		"/v1/responses":        `{"model": %q, "stream": %v, "input": "hello"}`,
	}
	models := []string{"claude-sonnet-5"}
	for _, p := range indiscreetPools {
		models = append(models, p.name+"-model")
	}
	seen := map[int]int{}
	for _, model := range models {
		for path, body := range bodies {
			for _, stream := range []bool{false, true} {
				seen[r.send(t, url+path, botToken, fmt.Sprintf(body, model, stream))]++
			}
		}
	}
	r.send(t, url+"/anthropic/v1/messages", botToken, fmt.Sprintf(bodies["/v1/messages"], "m", false))
	for _, token := range []string{wrongToken, ""} {
		seen[r.send(t, url+"/v1/chat/completions", token, "{")]++
	}
	r.send(t, url+"/v1/chat/completions", botToken, "{")
	r.send(t, url+"/v1/embeddings", botToken, `{"model": "openai-model", "input": "hello"}`)
	if seen[200] == 0 || seen[401] < 2 || len(seen) < 4 {
		t.Errorf("answers by status: %v, want good ones, refused ones and several kinds of failed ones", seen)
	}
}

// send posts and returns the status. The answer is taken by httpClient.
func (r *rig) send(t *testing.T, url, token, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", "session="+cookie)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := httpClient.Do(req)
	if err != nil {
		return 0 // a stream that was cut has a status, and this has none
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// provokeCommands lets an operator do things right and wrong.
func (r *rig) provokeCommands(t *testing.T) {
	t.Helper()
	faulty := filepath.Join(t.TempDir(), "faulty.yaml")
	doc := strings.NewReplacer("secretsmanager:fallow/keys#k1", literal, "bot, secret: \"", "bot, password: "+literal+", secret: \"x").Replace(r.document())
	if err := os.WriteFile(faulty, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	table := []string{"--table", r.table}
	for _, c := range []struct {
		exit int
		says string
		args []string
	}{
		{1, "keys[0].secret", []string{"config", "validate", faulty}},
		{1, "nothing was written", append([]string{"config", "apply", faulty}, table...)},
		{1, "keys[0].secret", []string{"serve", "--config", faulty}},
		{0, "REV", append([]string{"config", "history"}, table...)},
		{0, "", append([]string{"config", "diff", r.config}, table...)},
		{-1, "fallow/keys", []string{"keys", "list", "--config", r.config}},
		{-1, "key", append([]string{"doctor", "--config", r.config}, table...)},
		{2, "", []string{"serve", "--token", wrongToken}},
	} {
		r.command1(t, c.exit, c.says, c.args...)
	}
}

// command1 runs a command that ends with that code, -1 for any, and says that.
func (r *rig) command1(t *testing.T, exit int, says string, args ...string) {
	t.Helper()
	out, code := r.command(t, args...)
	if exit >= 0 && code != exit || !strings.Contains(out, says) {
		t.Errorf("fallow %s ended with %d, want %d and %q in:\n%s", args[0], code, exit, says, out)
	}
}
