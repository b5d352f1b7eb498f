//go:build e2e

package endtoend

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
)

// The storm of package simulation, made to fit forty environments: prompts and
// answer times are a quarter of a review's, and twice as many come in a second,
// as at the height of a spike that does not end.
const (
	arrivals    = 6.0 // a second
	typicalSize = 1450.0
	sizeSpread  = 0.8 // a mean of 2,000 tokens
	largestSize = 24_000
	answerSize  = 190
)

var answerTime = simprovider.Latency{Total: simprovider.Spread{P50: 2750 * time.Millisecond, P95: 7 * time.Second}}

// arrival is one request to come.
type arrival struct {
	at     time.Duration
	tokens int
}

// demand draws the requests that come within a time.
func demand(seed uint64, length time.Duration) (all []arrival) {
	r := rand.New(rand.NewPCG(seed, 0))
	gap := func() time.Duration { return time.Duration(r.ExpFloat64() / arrivals * float64(time.Second)) }
	for at := gap(); at < length; at += gap() {
		tokens := min(largestSize, typicalSize*math.Exp(sizeSpread*r.NormFloat64()))
		all = append(all, arrival{at, 1 + int(tokens)})
	}
	return all
}

// supply is a quarter of what allows that share of the demand, for each of four
// keys; only input is short.
func supply(all []arrival, length time.Duration, share float64) simprovider.Limits {
	tokens := 0
	for _, a := range all {
		tokens += a.tokens
	}
	input := int64(share * float64(tokens) / length.Minutes() / 4)
	return simprovider.Limits{Requests: input / 500, InputTokens: input, OutputTokens: input / 5}
}

// prompt is a text of that many tokens, as the simulated provider counts them.
func (a arrival) prompt() string {
	const line = "if err := review(change); err != nil { return err }\n"
	return strings.Repeat(line, 4*a.tokens/len(line)+1)[:4*a.tokens]
}
