//go:build e2e

package endtoend

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/endtoend/leaks"
	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/secret/secrettest"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// rig is everything around a gateway: provider, table, secrets.
type rig struct {
	sim     *simprovider.Server
	dynamo  *dynamotest.Server
	tables  string // where gateways reach DynamoDB
	table   string
	secrets *secrettest.Server
	config  string // path of the document
	logs    *lockedBuffer
	leaks   *leaks.Collector // takes all that leaves
	wanted  []string         // kinds of places that something must have left by
	more    []string         // environment of the processes beside env's own
}

// newDurableRig starts the surroundings. orgs says how the four keys are spread. The
// table is one that can be stopped and started again, and slower for it.
func newDurableRig(t *testing.T, orgs int, latency simprovider.Latency) *rig {
	t.Helper()
	return surround(t, simprovider.Config{Organisations: organisations(orgs, simprovider.Roomy), Latency: latency}, dynamotest.StartDurable(t))
}

// newRig is newDurableRig with a table in memory, as quick as a real one.
func newRig(t *testing.T, orgs int, latency simprovider.Latency) *rig {
	t.Helper()
	return surround(t, simprovider.Config{Organisations: organisations(orgs, simprovider.Roomy), Latency: latency}, dynamotest.Start(t))
}

// organisations spreads the four keys over so many organisations with these
// limits.
func organisations(n int, each simprovider.Limits) []simprovider.Organisation {
	all := simprovider.Organisations(n, 0, each)
	for i := range all {
		all[i].Name, all[i].ID = organisation(i+1), accountID(i+1)
	}
	for key := range 4 {
		o := &all[key*n/4]
		o.Keys = append(o.Keys, providerKey(key+1))
	}
	return all
}

func surround(t *testing.T, provider simprovider.Config, dynamo *dynamotest.Server) *rig {
	t.Helper()
	r := &rig{logs: &lockedBuffer{}, leaks: leaks.NewCollector(&planted), dynamo: dynamo, tables: dynamo.Endpoint()}
	var err error
	r.sim, err = simprovider.Start(t.Context(), provider, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.sim.Close() })
	r.table = r.dynamo.NewTable(t)
	r.secrets = secrettest.Start(t)
	r.putKeys(providerKey)
	r.secrets.Put("fallow/clients", fmt.Sprintf(`{"bot": %q}`, botToken))
	r.secrets.Put("fallow/admin", fmt.Sprintf(`{"token": %q}`, adminToken))
	r.config = filepath.Join(t.TempDir(), "fallow.yaml")
	if err := os.WriteFile(r.config, []byte(r.document()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.reckon(t) }) // once the processes have ended
	return r
}

// putKeys writes the pool's secret.
func (r *rig) putKeys(key func(int) string) {
	var fields []string
	for n := 1; n <= 4; n++ {
		fields = append(fields, fmt.Sprintf("%q: %q", fmt.Sprintf("k%d", n), key(n)))
	}
	r.secrets.Put("fallow/keys", "{"+strings.Join(fields, ",")+"}")
}

func (r *rig) document() string {
	return fmt.Sprintf(`version: 1
pools:
  claude:
    provider: anthropic
    base_url: %s
    keys:
      - {name: key-1, secret: "secretsmanager:fallow/keys#k1"}
      - {name: key-2, secret: "secretsmanager:fallow/keys#k2"}
      - {name: key-3, secret: "secretsmanager:fallow/keys#k3"}
      - {name: key-4, secret: "secretsmanager:fallow/keys#k4"}
models:
  "*": {targets: [{pool: claude}]}
clients:
  auth: tokens
  tokens:
    - {name: bot, secret: "secretsmanager:fallow/clients#bot"}
admin: {secret: "secretsmanager:fallow/admin#token"}
`, r.sim.URL())
}

// addOpenAI puts a second pool into the document, of the same provider by its
// other API and with the same keys. It is no part of every rig since some tests
// count what the one pool does.
func (r *rig) addOpenAI(t *testing.T) {
	t.Helper()
	claude, rest, _ := strings.Cut(r.document(), "models:\n")
	_, pool, _ := strings.Cut(claude, "pools:\n")
	pool = strings.NewReplacer("claude:", "openai:", "anthropic", "openai", r.sim.URL(), r.sim.URL()+"/v1").Replace(pool)
	doc := claude + pool + "models:\n  \"gpt-*\": {targets: [{pool: openai}]}\n" + rest
	if err := os.WriteFile(r.config, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
}

// env is what points the AWS SDK at the emulators.
func (r *rig) env() []string {
	return append([]string{
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_SESSION_TOKEN=" + sessionToken,
		"AWS_ENDPOINT_URL_DYNAMODB=" + r.tables, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + r.secrets.URL,
	}, r.more...)
}

// serve runs the server mode and returns its URL.
func (r *rig) serve(t *testing.T, extra ...string) string {
	t.Helper()
	args := append([]string{"serve", "--config", r.config, "--listen", "127.0.0.1:0", "--store", "dynamodb:" + r.table}, extra...)
	url := startServer(t, r.logs, r.env(), args...)
	r.collectFrom(t, url)
	return url
}

// startServer runs bin/fallow and waits until it says where it serves.
func startServer(t *testing.T, logs io.Writer, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary(t, "fallow"), args...)
	cmd.Env, cmd.Stdout = env, logs
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // as an operator stops it
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("fallow ended with %v", err)
		}
	})
	url := make(chan string, 1)
	go func() {
		serves := regexp.MustCompile(`serves (http://\S+)/v1`)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(logs, lines.Text())
			if m := serves.FindStringSubmatch(lines.Text()); m != nil {
				url <- m[1]
			}
		}
		close(url)
	}()
	select {
	case u, ok := <-url:
		if !ok {
			t.Fatal("fallow ended before it served; see its output")
		}
		return u
	case <-time.After(20 * time.Second):
		t.Fatal("fallow did not start")
		return ""
	}
}

// lambdas runs the gateway function in environments that serve one request each.
func (r *rig) lambdas(t *testing.T, environments int) *lambdabed.Bed {
	t.Helper()
	return r.function(t, "gateway", environments)
}

func (r *rig) function(t *testing.T, name string, environments int, changes ...func(*lambdabed.Config)) *lambdabed.Bed {
	t.Helper()
	cfg := lambdabed.Config{
		Binary: functionBinary(t, name), FunctionName: name, Environments: environments, FreezeBetween: true, Log: r.logs,
		Env: append(r.env(), "FALLOW_CONFIG="+r.config, "FALLOW_TABLE="+r.table),
	}
	for _, change := range changes {
		change(&cfg)
	}
	bed, err := lambdabed.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bed.Close() })
	if name == "gateway" {
		r.collectFrom(t, bed.URL())
	}
	return bed
}

// functionBinary is a function built for this machine; `make e2e` builds it.
func functionBinary(t *testing.T, name string) string {
	t.Helper()
	return mustExist(t, filepath.Join("..", "..", "bin", "lambda-"+runtime.GOARCH, name, "bootstrap"))
}

func binary(t *testing.T, name string) string {
	t.Helper()
	return mustExist(t, filepath.Join("..", "..", "bin", name))
}

func mustExist(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(abs); err != nil {
		t.Fatalf("%v; run: make e2e", err)
	}
	return abs
}

// lockedBuffer collects what several processes print.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
