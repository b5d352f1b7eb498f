package simprovider

import (
	"maps"
	"sync"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// Stats is what happened since the start or the last reset.
type Stats struct {
	// Organisations are by name; Keys by credential, revoked ones included.
	Organisations map[string]Counts `json:"organisations"`
	Keys          map[string]Counts `json:"keys"`
	// Unauthenticated counts requests with a key that nobody has.
	Unauthenticated int64 `json:"unauthenticated"`
}

// Counts are of one key or one organisation. Only generations are counted.
type Counts struct {
	// Requests is all that arrived; Answered those that were answered to the
	// end; Broken those that ended early, by a fault or because the client
	// went away.
	Requests int64 `json:"requests"`
	Answered int64 `json:"answered"`
	Broken   int64 `json:"broken"`
	// Refused counts refusals by cause: the dimension of the quota
	// ("requests", "input_tokens", "output_tokens", "tokens"), "in_flight",
	// "invalid", "too_large", or the effect of a fault.
	Refused map[string]int64 `json:"refused,omitempty"`
	// Wasted are calls that a fault refused or cut before any answer: those
	// that a good gateway would not have made.
	Wasted int64 `json:"wasted"`
	// Tokens of answered and broken requests.
	InputTokens      int64 `json:"input_tokens"`
	CacheReadTokens  int64 `json:"cache_read_tokens"`
	CacheWriteTokens int64 `json:"cache_write_tokens"`
	OutputTokens     int64 `json:"output_tokens"`
	// InFlight is now, MaxInFlight the most there was at once.
	InFlight    int64 `json:"in_flight"`
	MaxInFlight int64 `json:"max_in_flight"`
}

// limited are the causes that are limits of the provider's own.
var limited = []string{"requests", "input_tokens", "output_tokens", "tokens", "in_flight"}

// Limited is how many requests the limits refused (429).
func (c Counts) Limited() int64 {
	var n int64
	for _, cause := range limited {
		n += c.Refused[cause]
	}
	return n
}

// Total sums the counts of all organisations; MaxInFlight is the sum of each
// one's maximum.
func (s Stats) Total() Counts {
	total := Counts{Refused: map[string]int64{}}
	for _, c := range s.Organisations {
		total.Requests += c.Requests
		total.Answered += c.Answered
		total.Broken += c.Broken
		total.Wasted += c.Wasted
		total.InputTokens += c.InputTokens
		total.CacheReadTokens += c.CacheReadTokens
		total.CacheWriteTokens += c.CacheWriteTokens
		total.OutputTokens += c.OutputTokens
		total.InFlight += c.InFlight
		total.MaxInFlight += c.MaxInFlight
		for cause, n := range c.Refused {
			total.Refused[cause] += n
		}
	}
	return total
}

// ledger keeps Counts; every change is made under its lock.
type ledger struct {
	mu              sync.Mutex
	unauthenticated int64
}

func (l *ledger) change(f func(*Counts), counts ...*Counts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range counts {
		f(c)
	}
}

func (c *Counts) enter() {
	c.Requests++
	c.InFlight++
	c.MaxInFlight = max(c.MaxInFlight, c.InFlight)
}

func (c *Counts) refuse(cause string, wasted bool) {
	if c.Refused == nil {
		c.Refused = map[string]int64{}
	}
	c.Refused[cause]++
	if wasted {
		c.Wasted++
	}
}

func (c *Counts) read(u dialogue.Usage) {
	c.InputTokens += int64(u.Input)
	c.CacheReadTokens += int64(u.CacheRead)
	c.CacheWriteTokens += int64(u.CacheWrite5m + u.CacheWrite1h)
}

// clone is a copy that shares nothing.
func (c *Counts) clone() Counts {
	out := *c
	out.Refused = maps.Clone(c.Refused)
	return out
}

// reset forgets everything but what is running.
func (c *Counts) reset() { *c = Counts{InFlight: c.InFlight, MaxInFlight: c.InFlight} }
