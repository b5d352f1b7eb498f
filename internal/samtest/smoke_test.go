//go:build stack

package samtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
)

// facts is what .ci/stack_facts.py says of the deployed stack.
type facts struct {
	Status             string
	Outputs            map[string]string
	Kinds              []string
	Gateway, Rebalance function
	Url                struct{ AuthType, InvokeMode string }
	Schedules          []struct {
		Name, ScheduleExpression string
		Target                   struct{ Arn string }
	}
	Alarms    []struct{ AlarmDescription string }
	Dashboard struct{ Widgets []json.RawMessage }
}

type function struct {
	FunctionName        string
	MemorySize, Timeout int
	Environment         struct{ Variables map[string]string }
}

func deployed(t *testing.T) facts {
	t.Helper()
	raw, err := os.ReadFile(os.Getenv("FALLOW_STACK_FACTS"))
	if err != nil {
		t.Fatalf("%v; run: make stack-smoke", err)
	}
	var f facts
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestStack meets the deployed stack as its first user does: sets the keys, asks
// a question, looks at the pool, has it examined, changes the config without a
// deployment; and runs the job as the schedule would.
//
// What the emulator cannot show: CodeDeploy and saved queries (it has neither),
// alarms on expressions, whether IAM would refuse anything, whether a metric
// comes out of a log line, streaming (it collects answers) and one instance for
// each request. So the functions run in internal/lambdabed, with the environment
// that the stack gave them; their lines are read by the rules of CloudWatch.
func TestStack(t *testing.T) {
	f := deployed(t)
	t.Run("is whole", func(t *testing.T) { whole(t, f) })
	sim := startProvider(t)
	setKeys(t, sim)
	logs := &buffer{}
	t.Run("answers", func(t *testing.T) { answers(t, f, sim, logs) })
	t.Run("rebalances", func(t *testing.T) { rebalances(t, f, sim, logs) })
	t.Run("tells", func(t *testing.T) { tells(t, logs.String()) })
	t.Run("writes pools only", func(t *testing.T) { writesPoolsOnly(t, f) })
	t.Run("is examined", func(t *testing.T) { examined(t, f, sim) })
	t.Run("follows the config", func(t *testing.T) { follows(t, f, sim) })
}

func whole(t *testing.T, f facts) {
	equal(t, "status", "CREATE_COMPLETE", f.Status)
	equal(t, "auth type and mode", []string{"NONE", "RESPONSE_STREAM"}, []string{f.Url.AuthType, f.Url.InvokeMode})
	equal(t, "time-out", 900, f.Gateway.Timeout)
	equal(t, "rights for models that nobody has named", false, slices.Contains(f.Kinds, "AWS::IAM::Policy"))
	equal(t, "alarms", len(dashboard.Alarms()), len(f.Alarms))
	if len(f.Schedules) != 1 || f.Schedules[0].ScheduleExpression != "rate(1 minute)" ||
		!strings.HasSuffix(f.Schedules[0].Target.Arn, f.Rebalance.FunctionName) {
		t.Errorf("schedules = %+v, want one a minute for %s", f.Schedules, f.Rebalance.FunctionName)
	}
	for _, w := range f.Dashboard.Widgets {
		if left := bytes.Index(bytes.ReplaceAll(w, []byte("${PROP("), nil), []byte("${")); left >= 0 {
			t.Errorf("a reference in the dashboard was left open: %s", w)
		}
	}
	if len(f.Dashboard.Widgets) < 20 {
		t.Errorf("the dashboard has %d widgets", len(f.Dashboard.Widgets))
	}
	for _, a := range f.Alarms {
		if !strings.Contains(a.AlarmDescription, "/docs/operations.md#") {
			t.Errorf("an alarm says %q, want a link into the runbook", a.AlarmDescription)
		}
	}
}

const keyOf = "planted-stack-key-%d"

func startProvider(t *testing.T) *simprovider.Server {
	t.Helper()
	orgs := simprovider.Organisations(4, 0, simprovider.Roomy)
	for n := range orgs {
		orgs[n].Keys = []string{fmt.Sprintf(keyOf, n+1)}
	}
	sim, err := simprovider.Start(t.Context(), simprovider.Config{Organisations: orgs}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return sim
}

// setKeys does what the output SetKeys says, from a file.
func setKeys(t *testing.T, sim *simprovider.Server) {
	t.Helper()
	keys := map[string]string{}
	for n := 1; n <= 4; n++ {
		keys[fmt.Sprintf("anthropic-%d", n)] = fmt.Sprintf(keyOf, n)
	}
	raw, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	if code, out := fallow(t, raw, "keys", "set", "--config", document(t, sim), "--from-file", "-"); code != 0 || strings.Contains(out, "planted") {
		t.Fatalf("fallow keys set: exit code %d\n%s", code, out)
	}
}

// fallow runs the operator's program, which the environment leads to the emulator.
func fallow(t *testing.T, stdin []byte, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join("..", "..", "bin", "fallow"), args...)
	cmd.Stdin = bytes.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// document is the repository's fallow.yaml, but for where the provider is, and
// for what the edits replace: each first text by the one that follows it.
func document(t *testing.T, sim *simprovider.Server, edits ...string) string {
	t.Helper()
	const line = "    provider: anthropic\n"
	text := read(t, "fallow.yaml")
	edits = append(edits, line, line+"    base_url: "+sim.URL()+"\n")
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("fallow.yaml lacks %q", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// environments are as many as the test asks at once. An environment is busy a
// little longer than its client waits, so the test bed has more.
const environments = 8

// bed runs a function as the stack has set it up.
func bed(t *testing.T, f function, name, document string, logs io.Writer) *lambdabed.Bed {
	t.Helper()
	var env []string
	for k, v := range f.Environment.Variables {
		env = append(env, k+"="+v)
	}
	for _, k := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		env = append(env, k+"="+os.Getenv(k))
	}
	b, err := lambdabed.Start(lambdabed.Config{
		Binary: filepath.Join("..", "..", "bin", "lambda-"+runtime.GOARCH, name, "bootstrap"), FunctionName: f.FunctionName,
		TaskRoot: filepath.Dir(document), Environments: 4 * environments, FreezeBetween: true, Env: env, Log: logs,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func answers(t *testing.T, f facts, sim *simprovider.Server, logs io.Writer) {
	url := bed(t, f.Gateway, "gateway", document(t, sim), logs).URL()
	token := secretField(t, "fallow/clients", "review_bot")
	if status, _ := call(t, "POST", url+"/v1/chat/completions", "not-"+token); status != 401 {
		t.Errorf("a stranger got %d, want 401", status)
	}
	var all sync.WaitGroup
	for range environments {
		all.Go(func() {
			for range 3 {
				if status, body := call(t, "POST", url+"/v1/chat/completions", token); status != 200 {
					t.Errorf("got %d, want 200: %s", status, body)
				}
			}
		})
	}
	all.Wait()
	status, body := call(t, "GET", url+"/admin/v1/pools", secretField(t, "fallow/admin", "token"))
	var state struct {
		Pools []struct {
			Groups []struct{ Known bool }
		}
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil || status != 200 || len(state.Pools) != 1 || len(state.Pools[0].Groups) != 4 {
		t.Errorf("state of the pool: %d %s (%v), want four groups", status, body, err)
	}
}

func call(t *testing.T, method, url, token string) (int, string) {
	return callFor(t, method, url, token, "review")
}

func callFor(t *testing.T, method, url, token, model string) (int, string) {
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(
		`{"model":"`+model+`","messages":[{"role":"user","content":"Is this a test?"}],"max_tokens":16}`))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(body)
}

func secretField(t *testing.T, id, field string) string {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &fields); err != nil || fields[field] == "" {
		t.Fatalf("the secret %s has no field %s (%v)", id, field, err)
	}
	return fields[field]
}

// rebalances runs the job with the event that the schedule sends.
func rebalances(t *testing.T, f facts, sim *simprovider.Server, logs io.Writer) {
	out, err := bed(t, f.Rebalance, "rebalance", document(t, sim), logs).Invoke(t.Context(), []byte(read(t, "events/rebalance.json")))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Tried      int
		Unreadable []string
	}
	if err := json.Unmarshal(out, &report); err != nil || report.Tried != 4 || len(report.Unreadable) > 0 {
		t.Errorf("report = %s (%v), want every key read and tried", out, err)
	}
}

// tells reads the lines as CloudWatch would.
func tells(t *testing.T, logs string) {
	sums := map[string]float64{}
	for _, line := range strings.Split(strings.TrimSpace(logs), "\n") {
		if strings.HasPrefix(line, "SDK ") {
			continue // of AWS's SDK, on a connection that the busy emulator dropped
		}
		doc, err := emftest.Parse([]byte(line), time.Now())
		if err != nil {
			t.Errorf("%v\n%s", err, line)
		}
		for _, d := range doc.Data {
			if d.Namespace != stackName {
				t.Errorf("%s is in the namespace %q, alarms watch %q", d.Name, d.Namespace, stackName)
			}
			for _, v := range d.Values {
				sums[d.Name] += v
			}
		}
	}
	for name, want := range map[string]float64{"Requests": 3*environments + 1, "Answered": 3 * environments, "Rejected": 1, "RebalanceRuns": 1} {
		if sums[name] != want {
			t.Errorf("%s = %v, want %v; all: %v", name, sums[name], want, sums)
		}
	}
	if strings.Contains(logs, "planted") {
		t.Error("a key came out in the logs")
	}
}

// TestAgain: a second deployment changes what it should and leaves the rest.
func TestAgain(t *testing.T) {
	f := deployed(t)
	equal(t, "memory", 512, f.Gateway.MemorySize)
	equal(t, "rights for the model that was named", true, slices.Contains(f.Kinds, "AWS::IAM::Policy"))
	equal(t, "status", "UPDATE_COMPLETE", f.Status)
	if got := secretField(t, "fallow/keys", "anthropic_4"); got != fmt.Sprintf(keyOf, 4) {
		t.Error("the second deployment has replaced the keys")
	}
}

// buffer collects what several processes print.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
