package fault

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	target = Target{Key: "sim-key-1", Organisation: "org-1", Model: "claude-sonnet-5"}
)

func never() float64 { return 1 }

func inject(t *testing.T, s *Set, f Fault) string {
	t.Helper()
	id, err := s.Inject(f, noon)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault Fault
		want  bool
	}{
		{"anything", Fault{}, true},
		{"its key", Fault{Key: "sim-key-1"}, true},
		{"another key", Fault{Key: "sim-key-2"}, false},
		{"its organisation", Fault{Organisation: "org-1"}, true},
		{"key fits, organisation does not", Fault{Key: "sim-key-1", Organisation: "org-2"}, false},
		{"model pattern", Fault{Model: "claude-*"}, true},
		{"another model", Fault{Model: "claude-sonnet"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s Set
			tt.fault.Effect = Overloaded
			inject(t, &s, tt.fault)
			if _, got := s.Strike(target, noon, never); got != tt.want {
				t.Errorf("struck = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWindowFromInjection(t *testing.T) {
	t.Parallel()
	var s Set
	inject(t, &s, Fault{Effect: Stuck, For: time.Minute})
	if _, ok := s.Strike(target, noon.Add(time.Minute-1), never); !ok {
		t.Error("did not strike within its minute")
	}
	if _, ok := s.Strike(target, noon.Add(time.Minute), never); ok {
		t.Error("struck after its minute")
	}
}

func TestWindowFromFirstHit(t *testing.T) {
	t.Parallel()
	var s Set
	inject(t, &s, Fault{Effect: Stuck, For: time.Minute, FromFirstHit: true})
	first := noon.Add(time.Hour)
	if _, ok := s.Strike(target, first, never); !ok {
		t.Fatal("the window was over before the first hit")
	}
	if _, ok := s.Strike(target, first.Add(time.Minute-1), never); !ok {
		t.Error("did not strike within a minute of the first hit")
	}
	if _, ok := s.Strike(target, first.Add(time.Minute), never); ok {
		t.Error("struck a minute after the first hit")
	}
}

func TestCountAndOrder(t *testing.T) {
	t.Parallel()
	var s Set
	inject(t, &s, Fault{Effect: ServerError, Count: 2})
	inject(t, &s, Fault{Effect: Overloaded})
	var got []Effect
	for range 3 {
		f, _ := s.Strike(target, noon, never)
		got = append(got, f.Effect)
	}
	if diff := cmp.Diff([]Effect{ServerError, ServerError, Overloaded}, got); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if got := len(s.List(noon)); got != 1 {
		t.Errorf("%d faults left, want 1", got)
	}
}

func TestProbability(t *testing.T) {
	t.Parallel()
	var s Set
	inject(t, &s, Fault{Effect: Overloaded, Probability: 0.6})
	for _, tt := range []struct {
		chance float64
		want   bool
	}{{0, true}, {0.59, true}, {0.6, false}, {0.99, false}} {
		if _, got := s.Strike(target, noon, func() float64 { return tt.chance }); got != tt.want {
			t.Errorf("chance %v: struck = %v, want %v", tt.chance, got, tt.want)
		}
	}
}

func TestFactor(t *testing.T) {
	t.Parallel()
	var s Set
	if got := s.Factor(target, noon); got != 1 {
		t.Errorf("Factor = %v without faults, want 1", got)
	}
	inject(t, &s, Fault{Effect: Shrink, Factor: 0.5})
	inject(t, &s, Fault{Effect: Shrink, Factor: 0.5, For: time.Second, FromFirstHit: true})
	inject(t, &s, Fault{Effect: Shrink, Factor: 0.1, Organisation: "org-2"})
	if got := s.Factor(target, noon); got != 0.25 {
		t.Errorf("Factor = %v, want 0.25", got)
	}
	if got := s.Factor(target, noon.Add(time.Second)); got != 0.5 {
		t.Errorf("Factor = %v after the second one ended, want 0.5", got)
	}
	if _, ok := s.Strike(target, noon, never); ok {
		t.Error("a shrinking fault struck a request")
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	var s Set
	one := inject(t, &s, Fault{Effect: Stuck})
	two := inject(t, &s, Fault{Effect: Overloaded})
	if one == two {
		t.Fatalf("two faults share the id %q", one)
	}
	if !s.Clear(one) || s.Clear(one) {
		t.Error("Clear must report whether the fault was there")
	}
	if f, _ := s.Strike(target, noon, never); f.ID != two {
		t.Errorf("struck by %q, want %q", f.ID, two)
	}
	if !s.Clear("") || len(s.List(noon)) != 0 {
		t.Error("Clear of all left some")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault Fault
		want  string
	}{
		{"no effect", Fault{}, `unknown effect ""`},
		{"shrink without factor", Fault{Effect: Shrink}, "factor above 0"},
		{"probability in percent", Fault{Effect: Stuck, Probability: 60}, "between 0 and 1"},
		{"negative time", Fault{Effect: Stuck, For: -1}, "must not be negative"},
		{"negative count", Fault{Effect: Stuck, Chunks: -1}, "must not be negative"},
		{"bad pattern", Fault{Effect: Stuck, Model: "["}, "not a pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s Set
			if _, err := s.Inject(tt.fault, noon); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Inject = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault Fault
		want  time.Duration
	}{
		{Fault{Effect: Stuck}, 10 * time.Second},
		{Fault{Effect: Stuck, RetryAfter: time.Second}, time.Second},
		{Fault{Effect: SpendCap}, 0},
	} {
		if got := tt.fault.Wait(); got != tt.want {
			t.Errorf("Wait of %s = %v, want %v", tt.fault.Effect, got, tt.want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	want := Fault{ID: "fault-1", Effect: Stall, Key: "k", Organisation: "o", Model: "m", Probability: 0.5, For: time.Minute,
		FromFirstHit: true, Count: 2, RetryAfter: 3 * time.Second, Chunks: 4, Delay: time.Second, Factor: 0.5, Message: "text"}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Fault
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{"effects":"stuck"}`, `{"effect":"stuck","for":"soon"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for effect, want := range map[Effect]bool{Stuck: true, Cut: false, Shrink: false, "x": false} {
		if got := effect.Refuses(); got != want {
			t.Errorf("%q.Refuses() = %v, want %v", effect, got, want)
		}
	}
}
