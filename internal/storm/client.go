package storm

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simulation"
)

// What OpenAI's and Anthropic's own SDKs do (openai-python and
// anthropic-sdk-python, _constants.py and _base_client.py): two retries after
// half a second, doubled each time up to eight and up to a quarter less by
// chance, or after what retry-after says if that is at most a minute.
const (
	clientRetries   = 2
	firstRetry      = 500 * time.Millisecond
	mostRetry       = 8 * time.Second
	longestObeyed   = time.Minute
	jitterOfRetries = 0.25
)

// client sends the requests of one contestant as an SDK does.
type client struct {
	http   *http.Client
	entry  Entry
	model  string
	pace   *pace
	random func() float64
	// patience is in the scenario's time.
	patience time.Duration
}

// Outcome is what became of a request.
type Outcome string

// The outcomes. What a client sees last decides.
const (
	Answered    Outcome = "answered"
	Limited     Outcome = "limited"     // the last answer was a 429
	Overloaded  Outcome = "overloaded"  // the last answer was a 503 or 529
	Failed      Outcome = "failed"      // anything else that is no answer
	Abandoned   Outcome = "abandoned"   // the client's patience ended
	Interrupted Outcome = "interrupted" // the run was ended
)

// sample is one request as its client saw it. Times are the scenario's.
type sample struct {
	simulation.Request
	outcome  Outcome
	tries    int
	refused  []time.Duration // when 429s came
	first    time.Duration   // from the scheduled send to the first content; 0 is never
	ended    time.Duration   // since the start of the run
	problem  string          // of the last failure, for people
	finished bool
}

// latency is from the scheduled send to the end.
func (s *sample) latency() time.Duration { return s.ended - s.At }

// do brings a request to its end.
func (c *client) do(ctx context.Context, r simulation.Request) sample {
	s := sample{Request: r}
	run := ctx
	ctx, cancel := context.WithTimeout(ctx, c.pace.real(r.At+c.patience-c.pace.now()))
	defer cancel()
	text := body(c.model, r, c.entry.Native)
	for s.tries = 1; ; s.tries++ {
		a := c.try(ctx, &s, text)
		s.outcome, s.problem = a.outcome, a.problem
		if a.outcome == Answered || !a.again || s.tries > clientRetries || !sleep(ctx, c.backoff(s.tries, a.after)) {
			break
		}
	}
	s.ended, s.finished = c.pace.now(), true
	switch {
	case s.outcome == Answered || ctx.Err() == nil:
	case run.Err() != nil:
		s.outcome = Interrupted
	default:
		s.outcome = Abandoned
	}
	return s
}

// answer is what one try came to.
type answer struct {
	outcome Outcome
	again   bool          // whether an SDK tries again
	after   time.Duration // what retry-after says
	problem string
}

func (c *client) try(ctx context.Context, s *sample, text string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.entry.URL+c.path(), strings.NewReader(text))
	if err != nil {
		return answer{outcome: Failed, problem: err.Error()}
	}
	c.head(req, s.Batch)
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{outcome: Failed, again: true, problem: "no answer: " + errors.Unwrap(err).Error()}
	}
	defer func() { _ = resp.Body.Close() }() // it is read, or given up
	if resp.StatusCode != http.StatusOK {
		return c.refused(s, resp)
	}
	whole, err := readStream(resp.Body, func() {
		if s.first == 0 {
			s.first = c.pace.now() - s.At
		}
	})
	switch {
	case err != nil:
		return answer{outcome: Failed, problem: "broken off: " + err.Error()}
	case !whole:
		return answer{outcome: Failed, problem: "the stream ended before the answer did"}
	}
	return answer{outcome: Answered}
}

func (c *client) path() string {
	if c.entry.Native {
		return "/v1/messages"
	}
	return "/v1/chat/completions"
}

func (c *client) head(req *http.Request, batch bool) {
	h := req.Header
	h.Set("Content-Type", "application/json")
	if c.entry.Native {
		h.Set("Anthropic-Version", "2023-06-01")
		h.Set("X-Api-Key", c.entry.Token)
	} else if c.entry.Token != "" {
		h.Set("Authorization", "Bearer "+c.entry.Token)
	}
	if batch {
		h.Set("X-Fallow-Priority", "batch")
	}
	for name, values := range c.entry.Header {
		h[name] = values
	}
}

func (c *client) refused(s *sample, resp *http.Response) answer {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // it is for people
	a := answer{outcome: Failed, problem: resp.Status + " " + strings.TrimSpace(string(text)), after: retryAfter(resp.Header)}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		a.outcome, a.again = Limited, true
		s.refused = append(s.refused, c.pace.now())
	case code == http.StatusServiceUnavailable || code == 529:
		a.outcome, a.again = Overloaded, true
	default:
		a.again = code == http.StatusRequestTimeout || code == http.StatusConflict || code >= 500
	}
	return a
}

// backoff is how long to wait before the next try, on the clock. What a
// provider says is on the clock already: its buckets fill faster.
func (c *client) backoff(tries int, after time.Duration) time.Duration {
	if after > 0 && c.pace.own(after) <= longestObeyed {
		return after
	}
	wait := min(float64(mostRetry), float64(firstRetry)*math.Pow(2, float64(tries-1)))
	return c.pace.real(time.Duration(wait * (1 - jitterOfRetries*c.random())))
}

// retryAfter reads retry-after-ms or retry-after; 0 when there is none.
func retryAfter(h http.Header) time.Duration {
	for name, unit := range map[string]time.Duration{"Retry-After-Ms": time.Millisecond, "Retry-After": time.Second} {
		if n, err := strconv.ParseFloat(h.Get(name), 64); err == nil && n > 0 && n < 1e9 {
			return time.Duration(n * float64(unit))
		}
	}
	return 0
}

// lottery is a source of random numbers that may be used at once by several.
func lottery(seed int64) func() float64 {
	r := rand.New(rand.NewPCG(uint64(seed), 0x5707))
	lock := make(chan struct{}, 1)
	return func() float64 {
		lock <- struct{}{}
		defer func() { <-lock }()
		return r.Float64()
	}
}
