package prices

import (
	"math"
	"math/big"
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
	"pgregory.net/rapid"
)

func TestCost(t *testing.T) {
	t.Parallel()
	sonnet, _ := Lookup("anthropic", "claude-sonnet-4-5")
	nova, _ := Lookup("bedrock", "amazon.nova-micro-v1:0")
	gemini, _ := Lookup("gemini", "gemini-2.5-pro")
	tests := []struct {
		name  string
		price Price
		usage upstream.Usage
		want  string
	}{
		{"nothing", sonnet, upstream.Usage{}, "$0.000000"},
		{"input and output", sonnet, upstream.Usage{InputTokens: 1000, OutputTokens: 500}, "$0.010500"},
		{"reasoning is part of output", sonnet, upstream.Usage{OutputTokens: 500, ReasoningTokens: 400}, "$0.007500"},
		{"cache read", sonnet, upstream.Usage{CacheReadTokens: 100_000}, "$0.030000"},
		{"cache write for five minutes", sonnet, upstream.Usage{CacheWriteTokens: 100_000}, "$0.375000"},
		{"cache write for an hour", sonnet, upstream.Usage{CacheWriteTokens: 100_000, CacheWriteHourTokens: 100_000}, "$0.600000"},
		{"both writes", sonnet, upstream.Usage{CacheWriteTokens: 100_000, CacheWriteHourTokens: 40_000}, "$0.465000"},
		{"more for an hour than in all", sonnet, upstream.Usage{CacheWriteTokens: 1000, CacheWriteHourTokens: 5000}, "$0.006000"},
		{"below a microdollar is one", nova, upstream.Usage{InputTokens: 1}, "$0.000001"},
		{"rounded once, not per kind", nova, upstream.Usage{InputTokens: 1, OutputTokens: 1, CacheReadTokens: 1}, "$0.000001"},
		{"at the length", gemini, upstream.Usage{InputTokens: 200_000, OutputTokens: 1000}, "$0.260000"},
		{"above the length", gemini, upstream.Usage{InputTokens: 200_001, OutputTokens: 1000}, "$0.515003"},
		{"cached input counts for the length", gemini, upstream.Usage{InputTokens: 1, CacheReadTokens: 200_000}, "$0.050003"},
		{"written input counts for the length", gemini, upstream.Usage{CacheWriteTokens: 200_001}, "$0.500003"},
		{"negative", sonnet, upstream.Usage{InputTokens: -5, OutputTokens: -5, CacheReadTokens: -1, CacheWriteTokens: -1, CacheWriteHourTokens: -1}, "$0.000000"},
		{"a day of a large team", sonnet, upstream.Usage{InputTokens: 3_000_000_000, OutputTokens: 200_000_000}, "$12000.000000"},
		{"beyond all bounds", Price{Rates: Rates{Input: 1e15, Output: 1e15, CacheRead: 1e15, CacheWrite: 1e15, CacheWriteHour: 1e15}},
			upstream.Usage{InputTokens: math.MaxInt64, OutputTokens: math.MaxInt64, CacheReadTokens: math.MaxInt64, CacheWriteTokens: math.MaxInt64},
			"$9223372036854.775807"},
		{"just beyond", Price{Rates: Rates{Input: 1e10}}, upstream.Usage{InputTokens: math.MaxInt64}, "$9223372036854.775807"},
		{"beyond a division", Price{Rates: Rates{Input: math.MaxInt64}},
			upstream.Usage{InputTokens: math.MaxInt64}, "$9223372036854.775807"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.price.Cost(tt.usage).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestCostIsExact compares with arithmetic that has no bounds.
func TestCostIsExact(t *testing.T) {
	t.Parallel()
	count := rapid.Int64Range(0, 1<<45)
	rate := rapid.Custom(func(t *rapid.T) Rate { return Rate(rapid.Int64Range(0, 1e10).Draw(t, "rate")) })
	rapid.Check(t, func(t *rapid.T) {
		r := Rates{rate.Draw(t, "input"), rate.Draw(t, "output"), rate.Draw(t, "read"), rate.Draw(t, "write"), rate.Draw(t, "hour")}
		u := upstream.Usage{InputTokens: count.Draw(t, "in"), OutputTokens: count.Draw(t, "out"),
			CacheReadTokens: count.Draw(t, "read"), CacheWriteTokens: count.Draw(t, "written")}
		u.CacheWriteHourTokens = rapid.Int64Range(0, u.CacheWriteTokens).Draw(t, "for an hour")
		sum := new(big.Int)
		add := func(n int64, r Rate) { sum.Add(sum, new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(r)))) }
		add(u.InputTokens, r.Input)
		add(u.OutputTokens, r.Output)
		add(u.CacheReadTokens, r.CacheRead)
		add(u.CacheWriteTokens-u.CacheWriteHourTokens, r.CacheWrite)
		add(u.CacheWriteHourTokens, r.CacheWriteHour)
		sum.Add(sum, big.NewInt(999_999)).Div(sum, big.NewInt(1_000_000))
		if sum.Cmp(big.NewInt(math.MaxInt64)) > 0 {
			sum.SetInt64(math.MaxInt64)
		}
		if got := (Price{Rates: r}).Cost(u); int64(got) != sum.Int64() {
			t.Errorf("got %d, want %v", got, sum)
		}
	})
}

func TestMicrodollarsString(t *testing.T) {
	t.Parallel()
	for m, want := range map[Microdollars]string{0: "$0.000000", 1: "$0.000001", -1: "-$0.000001", 1_500_000: "$1.500000", -2_000_001: "-$2.000001"} {
		if got := m.String(); got != want {
			t.Errorf("%d: got %s, want %s", int64(m), got, want)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	p, _ := Lookup("anthropic", "claude-sonnet-5")
	u := upstream.Usage{InputTokens: 20_000, CacheReadTokens: 15_000, CacheWriteTokens: 3000, OutputTokens: 800}
	b.ReportAllocs()
	for b.Loop() {
		p.Cost(u)
	}
}
