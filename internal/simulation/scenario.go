package simulation

import (
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// Scenario is a bad day: who asks, what the provider allows, and what goes
// wrong. Zero fields are things that do not happen.
type Scenario struct {
	Name string
	// About says what it is, for people.
	About string
	// Length is how long requests arrive; the last are answered later.
	Length time.Duration
	// Budget is how long a request may wait before it is sent.
	Budget  time.Duration
	Traffic Traffic
	// Organisations are the provider's quotas, and Keys the pool's keys: which
	// organisation stands behind each.
	Organisations []quota.Limits
	Keys          []int

	// New says that the pool has never been used; else its limits are known
	// from earlier days.
	New bool

	// Stuck is when key 0 is refused whatever its quota.
	Stuck Window
	// Halve is when every limit halves; 0 means never.
	Halve time.Duration
	// Hidden is the shorter burst that the provider enforces without saying
	// so; 0 means none.
	Hidden time.Duration
	// Foreign is the share of organisation 0's input that somebody else uses.
	Foreign float64
	// Waves are when the provider answers most calls with 529.
	Waves []Window
	// TableDown is when the shared table cannot be reached.
	TableDown Window
	// Skew is the standard deviation of the instances' clocks.
	Skew time.Duration
	// Long says that the scenario takes minutes of processor time.
	Long bool
}

// Window is a time from the start of a run; the zero Window never is.
type Window struct{ From, To time.Duration }

func (w Window) holds(at time.Duration) bool { return at >= w.From && at < w.To }

// limits are one key's allowances for so many input tokens a minute, in the
// proportions of Anthropic's tiers (2,000 input tokens a request, a fifth of
// them in output).
func limits(input float64) quota.Limits {
	return quota.Limits{Requests: int64(input / 2000), InputTokens: int64(input), OutputTokens: int64(input / 5)}
}

// singleKey is the input per minute at which one key leaves 8.2 % of the storm
// without an answer, whether or not requests may wait for it.
const singleKey = 905_000

// equal makes a pool of n keys with a quota each, that allow together agg times
// the storm's demand.
func (s Scenario) equal(n int, agg float64) Scenario {
	return s.each(n, agg*spikeDemand/float64(n))
}

// each makes a pool of n keys that allow so many input tokens a minute each.
func (s Scenario) each(n int, input float64) Scenario {
	s.Organisations, s.Keys = nil, nil
	for i := range n {
		s.Organisations = append(s.Organisations, limits(input))
		s.Keys = append(s.Keys, i)
	}
	return s
}
