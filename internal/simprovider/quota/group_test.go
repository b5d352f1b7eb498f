package quota

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestNeverMoreThanBurstPlusRefill is what a rate limit is: over any span
// from any start, no more passes than the bucket held and what flowed in.
func TestNeverMoreThanBurstPlusRefill(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 100_000).Draw(t, "limit")
		g := NewGroup(Limits{InputTokens: limit}, noon)
		type admitted struct {
			at time.Time
			n  int64
		}
		var passed []admitted
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "gap")))
			n := rapid.Int64Range(1, limit+limit/4+1).Draw(t, "tokens")
			if _, ok := g.Admit(Need{InputTokens: n}, now); ok {
				passed = append(passed, admitted{now, n})
			}
		}
		for from := range passed {
			var sum int64
			for _, a := range passed[from:] {
				sum += a.n
				bound := float64(limit) * (1 + a.at.Sub(passed[from].at).Minutes())
				if float64(sum) > bound+1e-3 {
					t.Fatalf("%d tokens in %v at a limit of %d, want at most %.1f", sum, a.at.Sub(passed[from].at), limit, bound)
				}
			}
		}
	})
}

// TestWaitIsExact: a refused request passes after the wait it was told, and
// not a millisecond of it earlier.
func TestWaitIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 1_000_000).Draw(t, "limit")
		used := rapid.Int64Range(1, limit).Draw(t, "used")
		debt := rapid.Int64Range(0, limit).Draw(t, "debt")
		n := rapid.Int64Range(1, limit).Draw(t, "asked")
		fresh := func() *Group {
			g := NewGroup(Limits{Tokens: limit}, noon)
			g.Charge(Need{Tokens: used + debt}, noon)
			return g
		}
		short, ok := fresh().Admit(Need{Tokens: n}, noon)
		if ok {
			return
		}
		if _, ok := fresh().Admit(Need{Tokens: n}, noon.Add(short.Wait+time.Microsecond)); !ok {
			t.Fatalf("refused after the wait of %v it was told", short.Wait)
		}
		if early := short.Wait - time.Millisecond; early > 0 && float64(limit)/60_000 > 1e-6 {
			if _, ok := fresh().Admit(Need{Tokens: n}, noon.Add(early)); ok {
				t.Fatalf("passed after %v although told %v", early, short.Wait)
			}
		}
	})
}

func TestAdmitTakesAllOrNothing(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{Requests: 10, InputTokens: 1000, OutputTokens: 100}, noon)
	short, ok := g.Admit(Need{Requests: 1, InputTokens: 1001, OutputTokens: 1}, noon)
	if ok {
		t.Fatal("a request larger than the bucket passed")
	}
	want := Short{Dimension: upstream.InputTokens, PerMinute: 1000, Left: 1000, Asked: 1001}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("Short (-want +got):\n%s", diff)
	}
	if got := g.Levels(noon)[0].Remaining; got != 10 {
		t.Errorf("requests remaining = %d after a refusal, want 10: refusals must not be charged", got)
	}
}

func TestRefusalNamesTheSlowestDimension(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{Requests: 60, InputTokens: 6000}, noon)
	g.Charge(Need{Requests: 60, InputTokens: 6000}, noon)
	// One request is back in 1 s, 3000 tokens in 30 s.
	short, ok := g.Admit(Need{Requests: 1, InputTokens: 3000}, noon)
	if ok || short.Dimension != upstream.InputTokens || short.Wait != 30*time.Second {
		t.Errorf("Admit = %+v, %v; want input_tokens after 30s", short, ok)
	}
}

func TestDebtIsPaidBeforeAnythingPasses(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{OutputTokens: 60}, noon)
	g.Charge(Need{OutputTokens: 120}, noon) // 60 below zero
	if got := g.Levels(noon)[0]; got.Remaining != 0 || !got.FullAt.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("Levels = %+v, want 0 remaining and full in 2m", got)
	}
	if _, ok := g.Admit(Need{OutputTokens: 1}, noon.Add(59*time.Second)); ok {
		t.Error("passed while in debt")
	}
	if _, ok := g.Admit(Need{OutputTokens: 1}, noon.Add(61*time.Second)); !ok {
		t.Error("refused after the debt was paid")
	}
}

func TestGivenBackNeverOverfills(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{InputTokens: 100}, noon)
	g.Charge(Need{InputTokens: -50}, noon)
	if _, ok := g.Admit(Need{InputTokens: 101}, noon); ok {
		t.Error("more than one minute's allowance passed at once")
	}
}

func TestClockGoingBackwardsCreditsNothing(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{Requests: 60}, noon)
	g.Charge(Need{Requests: 60}, noon)
	g.Levels(noon.Add(-time.Hour))
	if got := g.Levels(noon)[0].Remaining; got != 0 {
		t.Errorf("remaining = %d after the clock went back an hour and returned, want 0", got)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		used   int64
		factor float64
		want   Level
	}{
		{"a full bucket spills what no longer fits", 0, 0.5, Level{upstream.Requests, 30, 30, noon}},
		{"a half empty one keeps its level", 40, 0.5, Level{upstream.Requests, 30, 20, noon.Add(20 * time.Second)}},
		{"the smallest limit is one", 0, 0.0001, Level{upstream.Requests, 1, 1, noon}},
		{"growing needs time to fill", 0, 2, Level{upstream.Requests, 120, 60, noon.Add(30 * time.Second)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := NewGroup(Limits{Requests: 60}, noon)
			g.Charge(Need{Requests: tt.used}, noon)
			g.Scale(tt.factor, noon)
			if diff := cmp.Diff([]Level{tt.want}, g.Levels(noon)); diff != "" {
				t.Errorf("Levels (-want +got):\n%s", diff)
			}
			g.Scale(1, noon)
			if got := g.Levels(noon)[0].PerMinute; got != 60 {
				t.Errorf("limit after Scale(1) = %d, want 60", got)
			}
		})
	}
}

func TestNoLimitMeansNoRefusal(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{}, noon)
	if _, ok := g.Admit(Need{Requests: 1, InputTokens: 1 << 40, OutputTokens: 1}, noon); !ok {
		t.Error("refused although there are no limits")
	}
	if got := g.Levels(noon); len(got) != 0 {
		t.Errorf("Levels = %v, want none", got)
	}
}

func BenchmarkAdmit(b *testing.B) {
	b.ReportAllocs()
	g := NewGroup(Limits{Requests: 1 << 40, InputTokens: 1 << 40, OutputTokens: 1 << 40}, noon)
	now := noon
	for b.Loop() {
		now = now.Add(time.Microsecond)
		g.Admit(Need{Requests: 1, InputTokens: 100, OutputTokens: 1}, now)
	}
}
