package plan

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Limits are what one group allows each minute; 0 means that it has no such limit.
type Limits struct {
	Requests     int64 `json:"requests"`
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
}

// setting is one way to have a pool.
type setting struct {
	groups int
	limits Limits
	// wait is the budget of a request, cached the further share of each prompt
	// that comes from the provider's cache.
	wait   time.Duration
	cached float64
	seed   int64
}

// world is one run: groups of true buckets, and the limiter before them.
type world struct {
	setting
	loop   *loop
	pool   *pool.Pool
	quotas []*quota.Group
	random *rand.Rand
	keys   map[string]int

	served []served
	sent   int // calls upstream
	denied int // those of them that were refused
}

// served is what became of one call of the log.
type served struct {
	answered bool
	waited   time.Duration // until the call that was taken
	tokens   int64
}

const (
	model  = "model"
	family = "family"
	// maxSends is the gateway's.
	maxSends = 8
	// estimateSpread is the standard deviation of the gateway's estimates of
	// prompts, as a share, once it has learned how a model counts.
	estimateSpread = 0.1
	// produceEvery is how often output is charged while it is written.
	produceEvery = 2 * time.Second
)

func newWorld(s setting, began time.Time) *world {
	w := &world{setting: s, loop: newLoop(began), random: rand.New(rand.NewPCG(uint64(s.seed), 0x914)), keys: map[string]int{}}
	cfg := pool.Config{
		Name: "plan", Table: embedded.NewMemory(), WaitBudget: s.wait, Instance: "plan",
		Limits: pool.Limits(s.limits), Now: w.loop.Now, Sleep: w.loop.Sleep, Rand: w.random.Float64,
	}
	for i := range s.groups {
		name := fmt.Sprintf("key-%d", i+1)
		w.keys[name] = i
		cfg.Keys = append(cfg.Keys, pool.Key{Name: name, Weight: 1})
		l := s.limits
		w.quotas = append(w.quotas, quota.NewGroup(quota.Limits{Requests: l.Requests, InputTokens: l.InputTokens, OutputTokens: l.OutputTokens}, began))
	}
	w.pool = pool.New(cfg)
	return w
}

// run lets the log's calls come, each at its moment. It returns early when ctx
// ends.
func (w *world) run(ctx context.Context, calls []Call, progress func(done int)) {
	w.served = make([]served, len(calls))
	done := 0
	for i, c := range calls {
		w.loop.at(c.At, func(ctx context.Context) {
			w.served[i] = w.serve(ctx, c)
			done++
		})
	}
	steps := 0
	w.loop.play(ctx, func() {
		if steps++; steps%512 == 0 {
			progress(done)
		}
	})
}

// serve is what the gateway does with a request.
func (w *world) serve(ctx context.Context, c Call) served {
	billed := int64(float64(c.Input-c.Cached) * (1 - w.cached))
	want := pool.Want{Model: model, Family: family, Input: w.estimate(billed), Output: c.Output, Tried: map[string]bool{}}
	s := served{tokens: c.Input + c.Output}
	for range maxSends {
		b, err := w.pool.Book(ctx, want)
		if err != nil {
			return s
		}
		want.Waited += b.Waited
		group := w.keys[b.Key]
		outcome := w.send(group, billed)
		b.Learn(ctx, outcome)
		if outcome.Fault != nil {
			b.Settle(ctx, upstream.Usage{})
			continue
		}
		s.waited, s.answered = w.loop.now.Sub(c.At), true
		w.stream(ctx, group, c)
		b.Settle(ctx, upstream.Usage{InputTokens: billed, OutputTokens: c.Output, CacheReadTokens: c.Input - billed, Exact: true})
		return s
	}
	return s
}

func (w *world) estimate(tokens int64) int64 {
	return int64(float64(tokens)*math.Exp(estimateSpread*w.random.NormFloat64()-estimateSpread*estimateSpread/2)) + 1
}

// send is the provider's answer.
func (w *world) send(group int, billed int64) pool.Outcome {
	w.sent++
	q, now := w.quotas[group], w.loop.now
	short, ok := q.Admit(quota.Need{Requests: 1, InputTokens: billed, OutputTokens: 1}, now)
	out := pool.Outcome{Signals: upstream.Signals{Owner: fmt.Sprintf("org-%d", group+1)}}
	for _, l := range q.Levels(now) {
		out.Signals.Limits = append(out.Signals.Limits, upstream.Limit{
			Dimension: l.Dimension, PerMinute: l.PerMinute, Remaining: l.Remaining, FullAt: l.FullAt,
		})
	}
	if !ok {
		w.denied++
		seconds := time.Duration(math.Ceil(max(short.Wait, time.Millisecond).Seconds()))
		out.Fault = &upstream.Fault{Class: upstream.RateLimit, Status: 429, Type: "rate_limit_error", RetryAfter: seconds * time.Second}
	}
	return out
}

// stream writes the answer, and charges it as it is written.
func (w *world) stream(ctx context.Context, group int, c Call) {
	left, output := c.Latency, c.Output
	for left > produceEvery && w.loop.Sleep(ctx, produceEvery, nil) {
		part := int64(float64(output) * float64(produceEvery) / float64(left))
		w.quotas[group].Charge(quota.Need{OutputTokens: part}, w.loop.now)
		left, output = left-produceEvery, output-part
	}
	w.loop.Sleep(ctx, left, nil)
	w.quotas[group].Charge(quota.Need{OutputTokens: output}, w.loop.now)
}
