package overhead

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be the upstream and the bare proxy of a run.
func TestMain(m *testing.M) {
	if len(os.Args) < 4 || os.Args[2] != "--listen" {
		goleak.VerifyTestMain(m)
		return
	}
	h := Upstream()
	if os.Args[1] == "proxy" {
		base, err := url.Parse(os.Args[5])
		if err != nil {
			panic(err)
		}
		h = Proxy(base)
	}
	panic(http.ListenAndServe(os.Args[3], h))
}

// brief is a plan of moments.
func brief() Plan {
	p := Plan{Rounds: 2, Starts: 2}
	p.open(20*time.Millisecond, small, 500)
	p.closed(20*time.Millisecond, small, 64)
	p.closed(20*time.Millisecond, Workload{Name: longPaced.Name, Bytes: 2048, Events: 5, Pace: 2 * time.Millisecond}, 64)
	return p
}

// TestRun: real processes, and one that cannot be started does not end the run.
func TestRun(t *testing.T) {
	t.Parallel()
	own := GoProxy(os.Args[0])
	own.Name, own.Version = Own, "v1"
	broken := Contestant{Name: "portkey", Program: func(p Place) (Program, error) {
		return Program{Args: []string{"/bin/false"}, Target: p.to()}, nil
	}}
	var said []string
	r, err := Run(t.Context(), Config{
		Plan: brief(), Contestants: []Contestant{Direct(), GoProxy(os.Args[0]), broken, own},
		Self: os.Args[0], Dir: t.TempDir(), Progress: func(s string) { said = append(said, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Reference, BareProxy, Own} {
		report := r.find(name)
		for _, cell := range r.Cells {
			if n := len(report.Samples[cell.Name()]); n != 2 && report.keepsUp(cell) { // a busy machine may not
				t.Errorf("%s, %s: %d rounds, want 2 (%s)", name, cell.Name(), n, report.Problem)
			}
		}
	}
	if own := r.find(Own); len(own.Starts) != 2 || own.Idle <= 0 {
		t.Errorf("starts %v, idle memory %g", own.Starts, own.Idle)
	}
	if p := r.find("portkey").Problem; !strings.Contains(p, "ended at once") {
		t.Errorf("the problem of one that ends = %q", p)
	}
	if len(said) == 0 {
		t.Error("nothing was said of the progress")
	}
	for _, g := range r.Goals() {
		ofPeer := strings.HasSuffix(g.What, "litellm") || strings.HasSuffix(g.What, "portkey")
		if g.Known == ofPeer && r.find(Own).keepsUp(latencyCell) {
			t.Errorf("goal %q: known = %v, want %v", g.What, g.Known, !ofPeer)
		}
	}
}

// TestRunEnds: the contestants do not outlive an interrupted run.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Run(ctx, Config{
		Plan: brief(), Contestants: []Contestant{GoProxy(os.Args[0])}, Self: os.Args[0], Dir: t.TempDir(), Before: cancel,
	})
	if !errors.Is(err, context.Canceled) || r == nil {
		t.Fatalf("Run = %v, want that it was cancelled", err)
	}
}

func TestRunNeedsItsUpstream(t *testing.T) {
	t.Parallel()
	if _, err := Run(t.Context(), Config{Self: "/bin/false", Dir: t.TempDir()}); err == nil {
		t.Error("a run without upstream has no error")
	}
}

// TestPrograms: what is started and told to each, with the place filled in.
func TestPrograms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		contestant Contestant
		args, file string
	}{
		{Fallow("/f", "v1").With("A=1"), "/f serve --config", "base_url: http://127.0.0.1:2/v1"},
		{Nginx("/n", "1"), "/n -p", "server 127.0.0.1:2;"},
		{LiteLLM("/l", "1", 2), "--host 127.0.0.1 --port 1 --num_workers 2", `api_base: "http://127.0.0.1:2/v1"`},
		{Portkey("/node", "/preload", "/server", "1"), "/node --require /preload /server --port=1", ""},
	} {
		t.Run(tt.contestant.Name, func(t *testing.T) {
			t.Parallel()
			at := Place{Addr: "127.0.0.1:1", Upstream: "http://127.0.0.1:2", Dir: t.TempDir()}
			p, err := tt.contestant.Program(at)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.Args, " "); !strings.Contains(got, tt.args) {
				t.Errorf("command %q lacks %q", got, tt.args)
			}
			files, err := os.ReadDir(at.Dir)
			if err != nil {
				t.Fatal(err)
			}
			var text []byte
			for _, f := range files {
				more, err := os.ReadFile(at.Dir + "/" + f.Name())
				if err != nil {
					t.Fatal(err)
				}
				text = append(text, more...)
			}
			if !bytes.Contains(text, []byte(tt.file)) || bytes.Contains(text, []byte("{{")) {
				t.Errorf("its configuration lacks %q:\n%s", tt.file, text)
			}
		})
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range Full(time.Second, 3).Cells {
		if names[c.Name()] {
			t.Errorf("%s is there twice", c.Name())
		}
		names[c.Name()] = true
	}
	for _, c := range append(Quick(time.Second, 3).Cells, latencyCell, throughputCell, streamsCell) {
		if !names[c.Name()] {
			t.Errorf("%s is not in the full plan", c.Name())
		}
	}
	for kind, want := range map[string]int{"small": 1, "large": 1, "stream": 1, "mixed": 3} {
		if got := len(Load(kind, time.Second).Cells); got != want {
			t.Errorf("the load %q has %d cells, want %d", kind, got, want)
		}
	}
}

func TestResultIsReadable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := made().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if got, want := back.find(Own).Samples, made().find(Own).Samples; len(got) != len(want) {
		t.Errorf("%d cells after a round trip, want %d", len(got), len(want))
	}
}
