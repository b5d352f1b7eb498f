package scenarios

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadyScenarios: each of them can be loaded, and its traffic repeats by
// seed and comes in order.
func TestReadyScenarios(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if s.Name != name {
				t.Errorf("the file says that it is %q", s.Name)
			}
			a, b, c := s.Requests(3), s.Requests(3), s.Requests(4)
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("the same seed gives other requests:\n%.300s", diff)
			}
			if slices.Equal(a, c) {
				t.Error("two seeds give the same requests")
			}
			for i, r := range a {
				if r.ID != i || i > 0 && r.At < a[i-1].At || r.At > s.Length || r.Latency <= 0 || r.Input < 1 {
					t.Fatalf("request %d makes no sense: %+v", i, r)
				}
			}
		})
	}
	if files, _ := filepath.Glob("*.yaml"); len(files) != len(Names()) {
		t.Errorf("%d files, %d names", len(files), len(Names()))
	}
}

const whole = `name: mine
about: a test
length: 1m
traffic:
  - steady: {per_second: 2}
    input: {mean: 1000}
    output: {mean: 100}
    latency: {p50: 2s}
organisations:
  - {keys: 2, input_tokens: 100000}
`

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := Parse([]byte(whole), "f")
	if err != nil {
		t.Fatal(err)
	}
	if s.Provider != "anthropic" || s.Model != "claude-sonnet-5" || s.Patience != 10*time.Minute || s.WaitBudget != 30*time.Second ||
		s.OneKey.InputTokens != 100_000 || s.Traffic[0].Latency.P95 != 2*time.Second {
		t.Errorf("defaults are %+v", s)
	}
	if s, err = Parse([]byte("provider: openai\n"+whole), "f"); err != nil || s.Model != "gpt-5" {
		t.Errorf("openai asks for %q (%v)", s.Model, err)
	}
}

// TestFaults: what is wrong is named with its place, and all of it at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	replace := func(old, by string) string { return strings.Replace(whole, old, by, 1) }
	tests := []struct {
		name, text string
		says       []string
	}{
		{"nothing", "", []string{"f: name: is missing", "f: traffic: needs at least one entry", "f: organisations: needs"}},
		{"unknown field", whole + "lenght: 3m\n", []string{`unknown field "lenght"`, "f: [1"}},
		{"unknown field inside", replace("mean: 1000", "maen: 1000"), []string{`unknown field "maen"`}},
		{"not a duration", replace("1m", "soon"), []string{"soon"}},
		{"no length", replace("1m", "0s"), []string{"length: 0s is not between"}},
		{"too long", replace("1m", "25h"), []string{"length: 25h0m0s is not between"}},
		{"provider", "provider: acme\n" + whole, []string{`provider: "acme" is neither`}},
		{"two kinds", replace("    input:", "    burst: {count: 3}\n    input:"), []string{"traffic[0]: needs exactly one"}},
		{"rate", replace("per_second: 2", "per_second: -2"), []string{"traffic[0].steady.per_second: -2"}},
		{"too many", replace("per_second: 2", "per_second: 1e6"), []string{"traffic: makes about 60000000 requests"}},
		{"huge prompts", replace("mean: 1000", "mean: 1000, most: 500000"), []string{"input.most: 500000 is over"}},
		{"latencies crossed", replace("p50: 2s", "p50: 2s, p95: 1s"), []string{"traffic[0].latency: needs"}},
		{"sigma", replace("mean: 1000", "mean: 1000, sigma: 9"), []string{"input.sigma: 9"}},
		{"answers", replace("mean: 100}", "mean: 9000}"), []string{"output.mean: 9000"}},
		{"no keys", replace("keys: 2", "keys: 0"), []string{"organisations[0].keys: 0"}},
		{"negative limit", replace("100000", "-1"), []string{"organisations[0]: limits must not be negative"}},
		{"effect", whole + "faults: [{effect: boredom}]\n", []string{"faults[0]:", "boredom"}},
		{"key that is not there", whole + "faults: [{effect: stuck, key: 3}]\n", []string{"faults[0].key: there is no key 3; they are 1 to 2"}},
		{"negative window", whole + "store_outages: [{at: -1s}]\n", []string{"store_outages[0]: at and for"}},
		{"burst after the end", replace("steady: {per_second: 2}", "burst: {count: 1, at: 50s, every: 20s, times: 2}"), []string{"the last burst is at 1m10s"}},
		{"spikes", replace("steady: {per_second: 2}", "spikes: {in_flight: 3, every: 1m, first: 50s, lasting: 20s, spread: 2}"), []string{"first + lasting <= every", "spikes.spread: 2"}},
		{"threads", replace("    input:", "    threads: {calls: 3, share: 2}\n    input:"), []string{"are for spikes only", "0 <= share < 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.text), "f")
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, text := range tt.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%v\nwant %q in it", err, text)
				}
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(path); err != nil || s.Name != "mine" || s.Keys() != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := Load("mornin"); err == nil || !strings.Contains(err.Error(), "burst-1000") {
		t.Errorf("got %v, want the names there are", err)
	}
	if _, err := Load("./nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v, want the file named", err)
	}
	if _, err := Parse(make([]byte, maxFile+1), "f"); err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Errorf("got %v, want the bound", err)
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		w    Window
		at   time.Duration
		want bool
	}{
		{Window{time.Minute, time.Minute}, 59 * time.Second, false},
		{Window{time.Minute, time.Minute}, time.Minute, true},
		{Window{time.Minute, time.Minute}, 2 * time.Minute, false},
		{Window{time.Minute, 0}, time.Hour, true},
	}
	for _, tt := range tests {
		if got := tt.w.Holds(tt.at); got != tt.want {
			t.Errorf("%+v holds %v: %t, want %t", tt.w, tt.at, got, tt.want)
		}
	}
}

// TestCompressedFault: its times shrink, what it does to how many does not.
func TestCompressedFault(t *testing.T) {
	t.Parallel()
	f := Fault{Window: Window{For: time.Minute}, Effect: "stuck", Key: 2, Probability: 0.5, RetryAfter: 20 * time.Second}.Simulated(10)
	if f.For != 6*time.Second || f.RetryAfter != 2*time.Second || f.Key != "sim-key-2" || f.Probability != 0.5 {
		t.Errorf("got %+v", f)
	}
}

// FuzzParse: whatever stands in a file, it is taken or refused, and what is
// taken makes sense.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("traffic:\n  !\n    00: 00\n")) // a panic of the library
	for _, name := range Names() {
		data, err := ready.ReadFile(name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data, "f")
		if err == nil && (s.Keys() < 1 || s.Length <= 0 || len(s.Traffic) == 0) {
			t.Errorf("taken: %+v", s)
		}
	})
}

// TestGoals: what is left out is no goal, 0 is one, and nonsense is named.
func TestGoals(t *testing.T) {
	t.Parallel()
	s, err := Parse([]byte(whole+"goals: {compress: 2, client_429_percent: 0, interactive_wait_p99: 50ms}\n"), "f")
	if err != nil {
		t.Fatal(err)
	}
	g := s.Goals
	if g.Compress != 2 || g.Client429Percent == nil || *g.Client429Percent != 0 || g.AbandonedPercent != nil || *g.InteractiveWaitP99 != 50*time.Millisecond {
		t.Errorf("goals are %+v", g)
	}
	_, err = Parse([]byte(whole+"goals: {compress: -1, failed_percent: -1, interactive_wait_p99: -1s}\n"), "f")
	for _, text := range []string{"goals.compress: -1", "goals.failed_percent: must not", "goals.interactive_wait_p99: must not"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q in it", err, text)
		}
	}
}

// TestKeyFaultMinutes counts what refuses the calls of single keys only.
func TestKeyFaultMinutes(t *testing.T) {
	t.Parallel()
	s := &Scenario{Length: 10 * time.Minute, Faults: []Fault{
		{Window: Window{For: time.Minute}, Effect: "stuck", Key: 1},
		{Window: Window{At: 8 * time.Minute}, Effect: "revoked", Key: 2},
		{Window: Window{At: 11 * time.Minute}, Effect: "revoked", Key: 2},
		{Window: Window{For: time.Minute}, Effect: "overloaded"},
		{Window: Window{For: time.Minute}, Effect: "slow", Key: 1},
	}}
	if got := s.KeyFaultMinutes(); got != 3 {
		t.Errorf("%v minutes, want the first and the 2 to the end of the second", got)
	}
}
