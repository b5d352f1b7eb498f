package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Config is a question.
type Config struct {
	// Log is the traffic. Required, with at least one call.
	Log *Log
	// Limits are those of each group; at least one is above 0.
	Limits Limits
	// Groups is the largest number of groups that is tried; 0 means as many as
	// are enough, and one more.
	Groups int
	// Wait is how long a request may wait for room; 0 means 30 s.
	Wait time.Duration
	// MaxLimited and MaxWait say what is enough: the share of refused requests
	// in percent, and the 95th percentile of the wait. 0 means 0.1 and 1 s.
	MaxLimited float64
	MaxWait    time.Duration
	// Cached is the share of the input that caching would let the provider read
	// from its cache, beside what it does already; 0 means 0.5.
	Cached float64
	// FallbackAfter is when a request would leave for a fallback; 0 means 2 s.
	FallbackAfter time.Duration
	// Seed decides what is left to chance: the errors of estimates.
	Seed int64
	// Progress is told what is being run and how far it is, 0 to 1; nil tells
	// nobody.
	Progress func(what string, share float64)
}

// maxGroups bounds the search for enough.
const maxGroups = 64

func (c Config) filled() (Config, error) {
	if c.Log == nil || len(c.Log.Calls) == 0 {
		return c, errors.New("there is no traffic")
	}
	if l := c.Limits; min(l.Requests, l.InputTokens, l.OutputTokens) < 0 || l == (Limits{}) {
		return c, errors.New("a group needs limits: at least one above 0, and none below")
	}
	if c.Groups < 0 || c.Groups > maxGroups {
		return c, fmt.Errorf("%d groups: want 1 to %d", c.Groups, maxGroups)
	}
	if c.Cached < 0 || c.Cached >= 1 {
		return c, fmt.Errorf("a cached share of %v is not between 0 and 1", c.Cached)
	}
	if min(c.Wait, c.MaxWait, c.FallbackAfter) < 0 || c.MaxLimited < 0 {
		return c, errors.New("waits and shares must not be negative")
	}
	c.Wait, c.MaxWait = cmp.Or(c.Wait, 30*time.Second), cmp.Or(c.MaxWait, time.Second)
	c.MaxLimited, c.Cached = cmp.Or(c.MaxLimited, 0.1), cmp.Or(c.Cached, 0.5)
	c.FallbackAfter = cmp.Or(c.FallbackAfter, 2*time.Second)
	if c.Progress == nil {
		c.Progress = func(string, float64) {}
	}
	return c, nil
}

// Plan runs the log through pools of more and more groups. The error is that
// of ctx, or says what is wrong with the question.
func Plan(ctx context.Context, cfg Config) (*Result, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	r := newResult(cfg)
	most := cmp.Or(cfg.Groups, maxGroups)
	for k := 1; k <= most; k++ {
		row, err := cfg.row(ctx, k)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, row)
		cfg.judge(r, row)
		if cfg.Groups == 0 && r.Enough > 0 && k > r.Enough {
			break // one more shows what it would buy
		}
	}
	return r, nil
}

func newResult(cfg Config) *Result {
	calls := cfg.Log.Calls
	r := &Result{
		Schema: Schema, Requests: len(calls), Bad: len(cfg.Log.Bad), Limits: cfg.Limits,
		From: calls[0].At.UTC(), To: calls[len(calls)-1].At.UTC(), Demand: demand(calls),
		Wait: cfg.Wait.Seconds(), MaxLimited: cfg.MaxLimited, MaxWait: cfg.MaxWait.Seconds(),
		Cached: cfg.Cached, FallbackAfter: cfg.FallbackAfter.Seconds(),
	}
	for _, c := range calls {
		if c.Refused {
			r.Refused++
		}
	}
	return r
}

// row tries one number of groups in all three ways.
func (c Config) row(ctx context.Context, k int) (row Row, err error) {
	plain := setting{groups: k, limits: c.Limits, wait: c.Wait, seed: c.Seed}
	caching, fallback := plain, plain
	caching.cached = c.Cached
	fallback.wait = c.FallbackAfter
	for i, try := range []struct {
		what string
		setting
		to *Outcome
	}{{"", plain, &row.Plain}, {" with caching", caching, &row.Caching}, {" with a fallback", fallback, &row.Fallback}} {
		w := newWorld(try.setting, c.Log.Calls[0].At)
		w.run(ctx, c.Log.Calls, func(done int) {
			share := (float64(i) + float64(done)/float64(len(c.Log.Calls))) / 3
			c.Progress(fmt.Sprintf("%s%s", groups(k), try.what), share)
		})
		if ctx.Err() != nil {
			return row, context.Cause(ctx)
		}
		*try.to = w.outcome()
	}
	return row, nil
}

func groups(k int) string {
	if k == 1 {
		return "1 group"
	}
	return fmt.Sprintf("%d groups", k)
}

// judge notes the first number of groups that is enough.
func (c Config) judge(r *Result, row Row) {
	first := func(enough *int, o Outcome, ok bool) {
		if *enough == 0 && ok {
			*enough = o.Groups
		}
	}
	first(&r.Enough, row.Plain, c.enough(row.Plain))
	first(&r.WithCaching, row.Caching, c.enough(row.Caching))
	// A fallback takes what does not fit; that must be little, or it is no
	// fallback but another pool.
	const little = 5 // percent
	first(&r.WithFallback, row.Fallback, row.Fallback.Limited <= little)
}

func (c Config) enough(o Outcome) bool {
	return o.Limited <= c.MaxLimited && o.WaitP95 <= c.MaxWait.Seconds()
}

// demand sums up each minute of the log, at most maxMinutes of them.
func demand(calls []Call) []Minute {
	const maxMinutes = 100_000 // ten weeks
	var all []Minute
	for _, c := range calls {
		n := int(c.At.Sub(calls[0].At) / time.Minute)
		if n >= maxMinutes {
			break
		}
		for len(all) <= n {
			all = append(all, Minute{})
		}
		all[n].Requests++
		all[n].Input += c.Input - c.Cached
		all[n].Output += c.Output
	}
	return all
}
