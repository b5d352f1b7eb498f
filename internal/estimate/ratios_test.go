package estimate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// read is the usage of a request that read so many tokens, none from a cache.
func read(tokens float64) upstream.Usage {
	return upstream.Usage{InputTokens: int64(math.Round(tokens)), Exact: true}
}

func TestTokensBeforeAnythingIsLearned(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		size estimate.Size
		want int64
	}{
		{"nothing", estimate.Size{}, 0},
		{"text", estimate.Size{Text: 3500}, 1000},
		{"rounded up", estimate.Size{Text: 1}, 1},
		{"wide", estimate.Size{Wide: 3000}, 1000},
		{"JSON", estimate.Size{JSON: 3000}, 1000},
		{"fixed", estimate.Size{Fixed: 1000}, 1000},
		{"all", estimate.Size{Text: 3500, Wide: 300, JSON: 30, Fixed: 1}, 1111},
		{"below 0", estimate.Size{Text: -3500, Fixed: 5}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r estimate.Ratios
			if got := r.Tokens("m", tt.size); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// What was read from the cache was sent as well: left out, a conversation that
// is cached would look like one of tiny tokens.
func TestLearnCountsWhatWasSent(t *testing.T) {
	t.Parallel()
	usage := upstream.Usage{InputTokens: 500, CacheReadTokens: 1000, CacheWriteTokens: 500, OutputTokens: 9999, Exact: true}
	var r estimate.Ratios
	for range 200 {
		r.Learn("m", estimate.Size{Text: 8000}, usage)
	}
	near(t, "tokens", r.Tokens("m", estimate.Size{Text: 8000}), 2000, 0.01)
	if got := r.Tokens("another", estimate.Size{Text: 3500}); got != 1000 {
		t.Errorf("another family takes %d tokens for 3500 bytes, want 1000", got)
	}
}

func TestWhatTeachesNothing(t *testing.T) {
	t.Parallel()
	text := estimate.Size{Text: 70_000}
	tests := []struct {
		name  string
		size  estimate.Size
		usage upstream.Usage
	}{
		{"usage of a stream that broke", text, upstream.Usage{InputTokens: 70_000}},
		{"no usage", text, upstream.Usage{Exact: true}},
		{"usage below 0", text, upstream.Usage{InputTokens: -5, CacheReadTokens: -5, Exact: true}},
		{"a request of no size", estimate.Size{}, read(1000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r estimate.Ratios
			r.Learn("m", tt.size, tt.usage)
			if got := r.Tokens("m", text); got != 20_000 {
				t.Errorf("got %d, want 20000", got)
			}
		})
	}
}

func TestOutliers(t *testing.T) {
	t.Parallel()
	size := estimate.Size{Text: 35_000}
	tests := []struct {
		name     string
		settled  int     // ordinary requests before
		tokens   float64 // of the outlier
		most     float64 // by which the estimate may move
		requests int     // how many outliers
	}{
		{"a first request a thousand times off", 0, 1e7, 0.2, 1},
		{"a first request of one token", 0, 1, 0.12, 1},
		{"one among many", 100, 1e9, 0.02, 1},
		{"the greatest number", 100, math.MaxInt64 / 2, 0.02, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r estimate.Ratios
			for range tt.settled {
				r.Learn("m", size, read(10_000))
			}
			for range tt.requests {
				r.Learn("m", size, read(tt.tokens))
			}
			near(t, "tokens", r.Tokens("m", size), 10_000, tt.most+0.001)
		})
	}
}

// However long the reports are absurd, the ratios stay within reason.
func TestRatiosAreConfined(t *testing.T) {
	t.Parallel()
	for _, tokens := range []float64{1, 1e12} {
		var r estimate.Ratios
		for range 2000 {
			r.Learn("m", estimate.Size{Text: 4e6, Wide: 4e6, JSON: 4e6, Fixed: 1e6}, read(tokens))
		}
		f, start := r.Snapshot()["m"], estimate.Start()
		for _, pair := range [][2]estimate.Ratio{{f.Text, start.Text}, {f.Wide, start.Wide}, {f.JSON, start.JSON}, {f.Fixed, start.Fixed}} {
			if got := pair[0].PerToken / pair[1].PerToken; got < 0.25 || got > 4 {
				t.Errorf("at %v tokens a ratio moved to %v of its start", tokens, got)
			}
		}
	}
}

// A tiny request is mostly what the provider adds; it must hardly move the ratio.
func TestShortRequestsSayLittle(t *testing.T) {
	t.Parallel()
	var r estimate.Ratios
	r.Learn("m", estimate.Size{Text: 2}, read(30))
	near(t, "tokens", r.Tokens("m", estimate.Size{Text: 3.5e6}), 1e6, 0.001)
}

// From one class under noise the mean is learned; from mixes, though only their
// sum is reported, the ratio of each class.
func TestLearningConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		truth := [4]float64{
			rapid.Float64Range(2, 6).Draw(t, "text"), rapid.Float64Range(1.5, 6).Draw(t, "wide"),
			rapid.Float64Range(2, 6).Draw(t, "json"), rapid.Float64Range(0.5, 2).Draw(t, "fixed"),
		}
		noise := rapid.Float64Range(0, 0.2).Draw(t, "noise")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var r estimate.Ratios
		for range 6000 {
			s := mix(random)
			r.Learn("m", s, read(cost(s, truth)*(1+noise*random.NormFloat64())))
		}
		// The error over many requests is what a quota feels.
		var expected, actual float64
		for range 500 {
			s := mix(random)
			expected, actual = expected+float64(r.Tokens("m", s)), actual+cost(s, truth)
		}
		if off := expected/actual - 1; math.Abs(off) > 0.02+noise/4 {
			t.Errorf("off by %.1f %% over 500 requests with noise of %.0f %%", off*100, noise*100)
		}
		for i, s := range []estimate.Size{{Text: 1e6}, {Wide: 1e6}, {JSON: 1e6}, {Fixed: 1e6}} {
			got := 1e6 / float64(r.Tokens("m", s))
			if off := got/truth[i] - 1; math.Abs(off) > 0.1+noise {
				t.Errorf("class %d: %.2f to a token, truly %.2f", i, got, truth[i])
			}
		}
	})
}

// mix draws a request that is of one class for the most part.
func mix(random *rand.Rand) estimate.Size {
	part := func() int64 { return int64(20_000 * math.Pow(random.Float64(), 4)) }
	return estimate.Size{Text: 1 + 3*part(), Wide: part(), JSON: part(), Fixed: part() / 4}
}

func cost(s estimate.Size, perToken [4]float64) float64 {
	return float64(s.Text)/perToken[0] + float64(s.Wide)/perToken[1] + float64(s.JSON)/perToken[2] + float64(s.Fixed)/perToken[3]
}

// Answers come back in any order, so the order must not matter much.
func TestLearningHardlyDependsOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		truth := [4]float64{4, 2.5, 3.5, 1.2}
		sizes := make([]estimate.Size, rapid.IntRange(1, 200).Draw(t, "requests"))
		tokens := make([]float64, len(sizes))
		for i := range sizes {
			sizes[i] = mix(random)
			tokens[i] = cost(sizes[i], truth) * (0.85 + 0.3*random.Float64())
		}
		var got [2]float64
		probe := estimate.Size{Text: 300_000, Wide: 10_000, JSON: 50_000, Fixed: 5_000}
		for k := range got {
			var r estimate.Ratios
			for _, i := range random.Perm(len(sizes)) {
				r.Learn("m", sizes[i], read(tokens[i]))
			}
			got[k] = float64(r.Tokens("m", probe))
		}
		if off := got[0]/got[1] - 1; math.Abs(off) > 0.1 {
			t.Errorf("two orders of %d requests differ by %.1f %%", len(sizes), off*100)
		}
	})
}

func TestTokensAreMonotone(t *testing.T) {
	t.Parallel()
	amount := rapid.Int64Range(0, 1<<40)
	rapid.Check(t, func(t *rapid.T) {
		var r estimate.Ratios
		for range rapid.IntRange(0, 20).Draw(t, "learned") {
			r.Learn("m", estimate.Size{Text: amount.Draw(t, "t"), Wide: amount.Draw(t, "w"), JSON: amount.Draw(t, "j"), Fixed: amount.Draw(t, "f")},
				upstream.Usage{InputTokens: rapid.Int64().Draw(t, "sent"), Exact: true})
		}
		s := estimate.Size{Text: amount.Draw(t, "text"), Wide: amount.Draw(t, "wide"), JSON: amount.Draw(t, "json"), Fixed: amount.Draw(t, "fixed")}
		got := r.Tokens("m", s)
		if got < 0 {
			t.Fatalf("%d tokens for %+v", got, s)
		}
		more := amount.Draw(t, "more")
		for i, field := range []*int64{&s.Text, &s.Wide, &s.JSON, &s.Fixed} {
			*field += more
			if greater := r.Tokens("m", s); greater < got {
				t.Errorf("%d more in field %d lower the estimate from %d to %d", more, i, got, greater)
			}
			*field -= more
		}
	})
}

func TestFamiliesAreBounded(t *testing.T) {
	t.Parallel()
	var r estimate.Ratios
	size := estimate.Size{Text: 35_000}
	r.Learn("first", size, read(15_000))
	before := r.Tokens("first", size)
	for i := range 1000 {
		r.Learn(fmt.Sprint("flood-", i), size, read(15_000))
		r.Merge(map[string]estimate.Family{fmt.Sprint("merged-", i): estimate.Start()})
	}
	if got := len(r.Snapshot()); got != 256 {
		t.Errorf("got %d families, want 256", got)
	}
	if got := r.Tokens("first", size); got != before {
		t.Errorf("the flood moved the first family from %d to %d", before, got)
	}
	r.Learn("first", size, read(15_000))
	if got := r.Tokens("first", size); got <= before {
		t.Error("a known family learns no more once there is no room for others")
	}
}

func TestColdStart(t *testing.T) {
	t.Parallel()
	size := estimate.Size{Text: 35_000, JSON: 10_000}
	var veteran, fresh, peer estimate.Ratios
	for range 500 {
		veteran.Learn("m", size, read(20_000))
		peer.Learn("m", size, read(10_000))
	}
	text, err := json.Marshal(veteran.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var published map[string]estimate.Family
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}

	fresh.Merge(published)
	if diff := cmp.Diff(veteran.Snapshot(), fresh.Snapshot(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("a fresh instance does not take over what is published:\n%s", diff)
	}
	peer.Merge(published) // meets it half way
	near(t, "tokens of a peer", peer.Tokens("m", size), 15_000, 0.02)
	for range 10 {
		peer.Merge(published)
	}
	near(t, "tokens of a peer after ten merges", peer.Tokens("m", size), 20_000, 0.02)
}

func TestMergeIsMeanByWhatWasSeen(t *testing.T) {
	t.Parallel()
	ratio := rapid.Custom(func(t *rapid.T) estimate.Ratio {
		return estimate.Ratio{PerToken: rapid.Float64Range(1, 12).Draw(t, "per"), Seen: rapid.Float64Range(0, 60).Draw(t, "seen")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := ratio.Draw(t, "a"), ratio.Draw(t, "b")
		merged := func(x, y estimate.Ratio) estimate.Ratio {
			var r estimate.Ratios
			r.Merge(map[string]estimate.Family{"m": {Text: x}})
			r.Merge(map[string]estimate.Family{"m": {Text: y}})
			return r.Snapshot()["m"].Text
		}
		ab, ba := merged(a, b), merged(b, a)
		if math.Abs(ab.PerToken-ba.PerToken) > 1e-9 || ab.Seen != ba.Seen {
			t.Errorf("the order matters: %+v, %+v", ab, ba)
		}
		if a.Seen > 0 && b.Seen > 0 {
			if low, high := min(a.PerToken, b.PerToken), max(a.PerToken, b.PerToken); ab.PerToken < low-1e-9 || ab.PerToken > high+1e-9 {
				t.Errorf("%+v is not between %+v and %+v", ab, a, b)
			}
		}
	})
}

func TestMergeLeavesOutNonsense(t *testing.T) {
	t.Parallel()
	nonsense := []estimate.Ratio{
		{PerToken: math.NaN(), Seen: 5}, {PerToken: 4, Seen: math.NaN()}, {PerToken: 0, Seen: 5},
		{PerToken: -4, Seen: 5}, {PerToken: 4, Seen: -5}, {},
	}
	for _, n := range nonsense {
		var r estimate.Ratios
		r.Merge(map[string]estimate.Family{"m": {Text: n, Wide: n, JSON: n, Fixed: n}})
		if got := r.Snapshot()["m"]; got != estimate.Start() {
			t.Errorf("%+v became %+v, want the start", n, got)
		}
	}
	for _, far := range []float64{math.Inf(1), 1e300, 1e-300} {
		var r estimate.Ratios
		r.Merge(map[string]estimate.Family{"m": {Text: estimate.Ratio{PerToken: far, Seen: math.Inf(1)}}})
		got := r.Snapshot()["m"].Text
		if !(got.PerToken >= 3.5/4 && got.PerToken <= 3.5*4 && got.Seen <= 60) {
			t.Errorf("%v to a token became %+v, want it confined", far, got)
		}
	}
}

// The map that Snapshot returns is the caller's.
func TestSnapshotIsACopy(t *testing.T) {
	t.Parallel()
	var r estimate.Ratios
	r.Learn("m", estimate.Size{Text: 3500}, read(1200))
	s := r.Snapshot()
	delete(s, "m")
	if len(r.Snapshot()) != 1 {
		t.Error("a change of the snapshot reached the ratios")
	}
}

func TestRatiosConcurrently(t *testing.T) {
	t.Parallel()
	var r estimate.Ratios
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				family := fmt.Sprint(i % 3)
				r.Learn(family, estimate.Size{Text: 4000}, read(1000))
				r.Tokens(family, estimate.Size{Text: int64(n)})
				r.Merge(r.Snapshot())
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		near(t, "tokens", r.Tokens(fmt.Sprint(i), estimate.Size{Text: 4000}), 1000, 0.02)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		usage      upstream.Usage
		cacheReads bool
		want       int64
	}{
		{"nothing", upstream.Usage{}, true, 0},
		{"reads do not count", upstream.Usage{InputTokens: 1, CacheWriteTokens: 10, CacheReadTokens: 100, OutputTokens: 1000}, false, 11},
		{"reads count", upstream.Usage{InputTokens: 1, CacheWriteTokens: 10, CacheReadTokens: 100, OutputTokens: 1000}, true, 111},
		{"below 0", upstream.Usage{InputTokens: -1, CacheWriteTokens: -10, CacheReadTokens: 5}, true, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := estimate.Counted(tt.usage, tt.cacheReads); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
