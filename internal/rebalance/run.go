package rebalance

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what a Runner is made of.
type Config struct {
	// Document names the pools and keys. Required.
	Document *config.Config
	// Table is the shared state. Required.
	Table store.Table
	// Upstreams are how the pools' providers are reached, by pool; a pool
	// without one is decided on by its records alone.
	Upstreams map[string]Upstream
	// Secrets reads the credentials that Upstreams refer to; nil means that no
	// provider is called.
	Secrets Secrets
	// Budget bounds one run; 0 means 25 seconds, which a schedule of one minute
	// and a Lambda function of 30 seconds leave room for. A run also ends two
	// seconds before its context's deadline, to say what it did.
	Budget time.Duration
	// Parallel is how many calls to providers are made at once; 0 means 8.
	Parallel int
	// Instance names this process in the claim of a call; empty means a random
	// name.
	Instance string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Observe takes what each run did and how the pools stand after it; nil
	// discards.
	Observe func(context.Context, telemetry.Rebalance)
	// Log takes what changed; nil discards.
	Log *slog.Logger
}

// Runner runs the job. It is safe for concurrent use, with others elsewhere.
type Runner struct {
	cfg    Config
	claims atomic.Int64 // tells claims apart
}

// New makes a runner. It does no I/O.
func New(cfg Config) *Runner {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(context.Context, telemetry.Rebalance) {}
	}
	cfg.Budget = cmp.Or(cfg.Budget, 25*time.Second)
	cfg.Parallel = cmp.Or(cfg.Parallel, 8)
	cfg.Instance = cmp.Or(cfg.Instance, "rebalance-"+rand.Text()[:8])
	return &Runner{cfg: cfg}
}

// Report is what one run did.
type Report struct {
	// Decided counts the keys whose weight was decided, Moved those whose
	// weight changed.
	Decided int `json:"decided"`
	Moved   int `json:"moved"`
	// Fenced counts the writes that another run, or an instance, was ahead of.
	Fenced int `json:"fenced"`
	// Regrouped names the keys whose quota group was found to be another, and
	// Carried counts the rests that went with them.
	Regrouped []string `json:"regrouped,omitempty"`
	Carried   int      `json:"carried,omitempty"`
	// Grown counts the bursts that grew, Learned the models whose ratios moved,
	// Seeded the quotas whose limits the admin API told.
	Grown   int `json:"grown,omitempty"`
	Learned int `json:"learned,omitempty"`
	Seeded  int `json:"seeded,omitempty"`
	// Tried counts the keys that were asked for their models; of the rests that
	// this decided on, Restored were ended, Shortened may be probed by a real
	// request, and Refused began or stand for longer.
	Tried     int `json:"tried,omitempty"`
	Restored  int `json:"restored,omitempty"`
	Shortened int `json:"shortened,omitempty"`
	Refused   int `json:"refused,omitempty"`
	// Unreadable names the keys whose secret could not be read. It is no
	// failure of the run: a pool may name keys that nobody has set yet.
	Unreadable []string `json:"unreadable,omitempty"`
	Digests    int      `json:"digests,omitempty"`
	// Shared says which keys share a quota.
	Shared []string `json:"shared,omitempty"`
}

// Run does the job once. It goes on after a failure and returns all of them
// joined, so that one bad pool does not hold up the others. First come the
// decisions that need no provider, for all pools, so that a provider that
// does not answer costs only itself.
func (r *Runner) Run(ctx context.Context) (Report, error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	done, began := &ledger{}, r.cfg.Now()
	rounds := make([]*round, 0, len(r.cfg.Document.Pools))
	for _, name := range slices.Sorted(maps.Keys(r.cfg.Document.Pools)) {
		rd := &round{Runner: r, name: name, pool: r.cfg.Document.Pools[name], now: r.cfg.Now(), ledger: done}
		if rd.read(ctx) {
			rd.decide(ctx)
			rounds = append(rounds, rd)
		}
	}
	r.call(ctx, rounds)
	var digests []Digest
	for _, rd := range rounds {
		rd.close(ctx)
		digests = append(digests, digest(rd.view()))
	}
	err := errors.Join(done.failures...)
	r.cfg.Observe(ctx, event(done.report, err, r.cfg.Now().Sub(began), digests))
	return done.report, err
}

// ledger is what a run has done so far.
type ledger struct {
	mu       sync.Mutex // guards what follows
	report   Report
	failures []error
}

func (l *ledger) note(done func(*Report)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	done(&l.report)
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, err)
}

// closing is the part of a run's time that is kept for what follows the calls.
const closing = 5

// bound limits a run's time.
func (r *Runner) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	budget := r.cfg.Budget
	if deadline, ok := ctx.Deadline(); ok {
		budget = min(budget, time.Until(deadline)-2*time.Second)
	}
	return context.WithTimeout(ctx, budget)
}

// call makes the calls of all pools, several at once. They get four fifths of
// what is left of the run's time; keys that are not reached by then are the
// next run's first.
func (r *Runner) call(ctx context.Context, rounds []*round) {
	if r.cfg.Secrets == nil {
		return
	}
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	calls, cancel := context.WithTimeout(ctx, left-left/closing)
	defer cancel()
	for _, phase := range [...]func(*round) []task{(*round).probes, (*round).seeds} {
		var running sync.WaitGroup
		slots := make(chan struct{}, r.cfg.Parallel)
		for _, rd := range rounds {
			for _, do := range phase(rd) {
				slots <- struct{}{}
				running.Go(func() {
					defer func() { <-slots }()
					if calls.Err() == nil {
						do(ctx, calls)
					}
				})
			}
		}
		running.Wait()
	}
}

// task is a call to a provider, which ends with the context calls, and the
// writes around it, which have until the end of ctx.
type task func(ctx, calls context.Context)

// Every runs the job at that interval until the context ends. It is for servers;
// on Lambda a schedule calls Run.
func (r *Runner) Every(ctx context.Context, interval time.Duration) {
	Every(ctx, interval, r.cfg.Log, func(ctx context.Context) error {
		_, err := r.Run(ctx)
		return err
	})
}

// Every calls run at that interval until the context ends, and logs what fails.
func Every(ctx context.Context, interval time.Duration, log *slog.Logger, run func(context.Context) error) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := run(ctx); err != nil && ctx.Err() == nil {
				log.Warn("rebalance failed in part, what it did not change stays as it is", "error", err)
			}
		}
	}
}
