package simprovider

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// z95 is how many standard deviations above the median 95 % lie below.
const z95 = 1.6449

func (s Spread) draw(r *rand.Rand) time.Duration {
	if s.P50 <= 0 {
		return 0
	}
	sigma := 0.0
	if s.P95 > s.P50 {
		sigma = math.Log(float64(s.P95)/float64(s.P50)) / z95
	}
	// Never beyond four deviations: one draw in 30,000 would otherwise make a
	// test's duration depend on its seed.
	n := max(-4, min(4, r.NormFloat64()))
	return time.Duration(float64(s.P50) * math.Exp(sigma*n))
}

// Part is how one answer goes.
type Part struct {
	// FirstToken and Total are as in Latency.
	FirstToken, Total time.Duration
	// Tokens is the usual size of the answer in words, as AnswerTokens.
	Tokens int
	// Words is how many words an event of the stream carries; 0 means 1, which
	// is finer than providers are and the hardest for those who translate events.
	Words int
}

// part is how the exchange's answer goes. The draw is made in any case, so that
// a script changes nothing for those it says nothing about.
func (x *exchange) part(p *dialogue.Prompt) Part {
	first, total := x.config.Latency.draw(x.random)
	if x.config.Script != nil {
		if part, ok := x.config.Script(p.LastLine()); ok {
			part.Total = max(part.FirstToken, part.Total)
			return part
		}
	}
	return Part{FirstToken: first, Total: total, Tokens: x.config.answerTokens()}
}

// draw returns the times from the start of a request to its first token and
// to its end.
func (l Latency) draw(r *rand.Rand) (first, total time.Duration) {
	first, total = l.FirstToken.draw(r), l.Total.draw(r)
	return first, max(first, total)
}
