package plan

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/golden"
)

var tier = Limits{Requests: 1000, InputTokens: 450_000, OutputTokens: 90_000}

// question is five minutes of 1.27 million input tokens a minute, which three
// groups bear.
func question() Config { return Config{Log: morning(300, 400*time.Millisecond), Limits: tier, Seed: 1} }

func plan(t *testing.T, cfg Config) *Result {
	t.Helper()
	r, err := Plan(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlan(t *testing.T) {
	t.Parallel()
	r := plan(t, question())
	if r.Enough != 3 || r.WithCaching != 2 || len(r.Rows) != 4 {
		t.Errorf("enough: %d, with caching %d, of %d tried; want 3, 2 of 4", r.Enough, r.WithCaching, len(r.Rows))
	}
	for i, row := range r.Rows {
		o := row.Plain
		if o.Groups != i+1 || o.Upstream > 1 || o.WaitMax > 30 || row.Fallback.WaitMax > 2 {
			t.Errorf("%d groups: %+v, fallback %+v: want hardly an upstream 429 and waits within their budgets", i+1, o, row.Fallback)
		}
		if i > 0 && o.Limited > r.Rows[i-1].Plain.Limited {
			t.Errorf("%d groups refuse more than one less: %v %%", i+1, o.Limited)
		}
		if row.Caching.Limited > o.Limited || row.Fallback.Limited < o.Limited {
			t.Errorf("%d groups: caching refuses %v %%, plain %v %%, a short patience %v %%", i+1, row.Caching.Limited, o.Limited, row.Fallback.Limited)
		}
	}
	// What one group cannot have carried, its limits say: a bucket, and the
	// refill of five minutes and the half that the last may wait.
	asked := 0.0
	for _, m := range r.Demand {
		asked += float64(m.Input)
	}
	if least := 100 * (1 - 6.5*float64(tier.InputTokens)/asked); r.Rows[0].Plain.Limited < least*0.9 || r.Rows[0].Plain.Limited > least*1.1 {
		t.Errorf("one group refuses %.1f %%, want about %.1f", r.Rows[0].Plain.Limited, least)
	}
}

func TestPlanRepeats(t *testing.T) {
	t.Parallel()
	cfg := question()
	cfg.Groups = 2
	a, b := plan(t, cfg), plan(t, cfg)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the same question has two answers:\n%s", diff)
	}
	cfg.Seed = 2
	if cmp.Equal(a.Rows, plan(t, cfg).Rows) {
		t.Error("the seed changes nothing")
	}
}

// TestEachLimitBinds: whichever is short decides.
func TestEachLimitBinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		limits Limits
		enough int
	}{
		{"requests", Limits{Requests: 50}, 3}, // of 150
		{"output", Limits{OutputTokens: 26_000}, 3},
		{"nothing", Limits{Requests: 100_000}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := question()
			cfg.Limits = tt.limits
			if r := plan(t, cfg); r.Enough != tt.enough {
				t.Errorf("%d are enough, want %d: %+v", r.Enough, tt.enough, r.Rows)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*Config)
		says string
	}{
		{"no log", func(c *Config) { c.Log = nil }, "no traffic"},
		{"no limits", func(c *Config) { c.Limits = Limits{} }, "needs limits"},
		{"negative limit", func(c *Config) { c.Limits.Requests = -1 }, "needs limits"},
		{"groups", func(c *Config) { c.Groups = 65 }, "want 1 to 64"},
		{"cached", func(c *Config) { c.Cached = 1 }, "cached share of 1"},
		{"wait", func(c *Config) { c.Wait = -1 }, "must not be negative"},
	}
	for _, tt := range tests {
		cfg := question()
		tt.set(&cfg)
		if _, err := Plan(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestPlanCanBeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg := question()
	told := ""
	cfg.Progress = func(what string, share float64) {
		if told = what; share < 0 || share > 1 {
			t.Errorf("progress %v", share)
		}
		cancel()
	}
	if _, err := Plan(ctx, cfg); err != context.Canceled || told != "1 group" {
		t.Errorf("got %v after %q", err, told)
	}
}

// answer has a row of each kind.
func answer() *Result {
	return &Result{
		Schema: Schema, Requests: 300, Refused: 2, Bad: 1, From: nine, To: nine.Add(2 * time.Minute), Limits: tier,
		Demand: []Minute{{100, 400_000, 30_000}, {200, 900_000, 60_000}}, Wait: 30, MaxLimited: 0.1, MaxWait: 1, Cached: 0.5, FallbackAfter: 2,
		Enough: 2, WithCaching: 1, WithFallback: 2,
		Rows: []Row{
			{Plain: Outcome{Groups: 1, Limited: 12.25, Upstream: 0.0001, WaitP50: 0.2, WaitP95: 29.5, WaitP99: 30}, Caching: Outcome{Groups: 1}, Fallback: Outcome{Groups: 1, Limited: 100}},
			{Plain: Outcome{Groups: 2}, Caching: Outcome{Groups: 2}, Fallback: Outcome{Groups: 2, Limited: 1.5, LimitedTokens: 40_000}},
		},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := Text(&out, answer()); err != nil {
		t.Fatal(err)
	}
	never := answer()
	never.Enough, never.WithCaching, never.WithFallback = 0, 0, 0
	out.WriteString("\n")
	if err := Text(&out, never); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/plan.txt", []byte(out.String()))
}

func TestPage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*Result)
		says []string
	}{
		{"enough", func(*Result) {}, []string{"2 quota groups are enough", "allowed by 2", "by one less", "Output tokens a minute"}},
		{"one", func(r *Result) { r.Enough, r.Limits.OutputTokens = 1, 0 }, []string{"1 quota group is enough"}},
		{"none", func(r *Result) { r.Enough = 0 }, []string{"More groups are needed"}},
		{"a week", func(r *Result) { r.Demand = make([]Minute, 10_000) }, []string{"166:"}},
	}
	for _, tt := range tests {
		var out strings.Builder
		r := answer()
		tt.set(r)
		if err := HTML(&out, r); err != nil {
			t.Fatal(err)
		}
		for _, text := range tt.says {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s: the page lacks %q", tt.name, text)
			}
		}
		for _, never := range []string{"://", "<script", "NaN", "ZgotmplZ"} {
			if strings.Contains(out.String(), never) {
				t.Errorf("%s: the page has %q in it", tt.name, never)
			}
		}
		if shown := strings.Contains(out.String(), "Output tokens a minute"); shown != (r.Limits.OutputTokens > 0) {
			t.Errorf("%s: output is shown: %t", tt.name, shown)
		}
	}
}

// TestPlotsReachTheHighestPoint, whether there is a limit to draw above it or
// not: a point beyond the axis would be drawn at its end, like any other there.
func TestPlotsReachTheHighestPoint(t *testing.T) {
	t.Parallel()
	height := regexp.MustCompile(`cy="([^"]+)"`)
	for _, limit := range []int64{0, 10, 1000} {
		r := answer()
		r.Limits.Requests, r.Demand = limit, []Minute{{Requests: 1}, {Requests: 50}, {Requests: 30}}
		var y []float64 // downwards
		for _, spot := range height.FindAllStringSubmatch(string(view{r}.RequestsPlot()), 3) {
			at, err := strconv.ParseFloat(spot[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			y = append(y, at)
		}
		if len(y) != 3 || !(y[1] < y[2] && y[2] < y[0]) {
			t.Errorf("limit %d: 1, 50 and 30 are at %v from above", limit, y)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := JSON(&out, answer()); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"schema": "fallow-plan/1"`, `"enough": 2`, `"limited_percent": 12.25`, `"wait_p95": 29.5`} {
		if !strings.Contains(out.String(), field) {
			t.Errorf("%s is not in %s", field, out.String())
		}
	}
}

// BenchmarkRun is ten minutes of traffic, 1,500 requests, through one pool.
func BenchmarkRun(b *testing.B) {
	log := morning(600, 400*time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		w := newWorld(setting{groups: 3, limits: tier, wait: 30 * time.Second, seed: 1}, nine)
		w.run(b.Context(), log.Calls, func(int) {})
	}
}
