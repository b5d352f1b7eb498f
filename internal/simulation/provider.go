package simulation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// provider is the other side: quotas that nobody sees but through headers and
// refusals.
type provider struct {
	scenario Scenario
	began    time.Time
	seed     int64

	mu   sync.Mutex // guards what follows
	orgs []*organisation
	// stuckCalls are the calls refused for Stuck, and firstBack the first one
	// on key 0 taken after it; both since the start.
	stuckCalls []time.Duration
	firstBack  time.Duration
}

type organisation struct {
	id     string
	quota  *quota.Group
	hidden *drip // nil without one
	cache  promptCache
}

func newProvider(s Scenario, seed int64) *provider {
	p := &provider{scenario: s, began: time.Now(), seed: seed}
	for i, l := range s.Organisations {
		o := &organisation{id: fmt.Sprintf("org-%d", i), quota: quota.NewGroup(l, p.began), cache: promptCache{}}
		if s.Hidden > 0 {
			o.hidden = &drip{perMinute: float64(l.InputTokens), burst: s.Hidden}
		}
		p.orgs = append(p.orgs, o)
	}
	return p
}

func (p *provider) org(key int) *organisation { return p.orgs[p.scenario.Keys[key]] }

// admission is what becomes of a call. Without a fault it was taken.
type admission struct {
	fault *upstream.Fault
	// wait is when the same call would pass, exactly; retry-after rounds it.
	wait    time.Duration
	signals upstream.Signals
	usage   upstream.Usage // of an answer that ends as it should
}

// admit takes a call or refuses it. try numbers the request's calls.
func (p *provider) admit(key int, r *Request, try int) admission {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	at, o := now.Sub(p.began), p.org(key)
	switch {
	case key == 0 && p.scenario.Stuck.holds(at):
		return admission{fault: limited(10 * time.Second), wait: p.scenario.Stuck.To - at}
	case p.overloaded(r, try, at):
		return admission{fault: &upstream.Fault{Class: upstream.Overload, Status: 529}}
	}
	if p.scenario.Halve > 0 && at >= p.scenario.Halve {
		o.quota.Scale(0.5, now)
	}
	usage := o.bill(r, now)
	wait := o.take(r, usage, now)
	a := admission{wait: wait, signals: o.signals(now), usage: usage}
	if wait > 0 {
		a.fault = limited(wait)
	}
	return a
}

// noteStuck keeps what is asked about a stuck key later.
func (p *provider) noteStuck(key int, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := time.Since(p.began)
	switch {
	case key != 0 || p.scenario.Stuck.To == 0:
	case p.scenario.Stuck.holds(at):
		p.stuckCalls = append(p.stuckCalls, at)
	case taken && at >= p.scenario.Stuck.To && p.firstBack == 0:
		p.firstBack = at
	}
}

// overloaded draws the provider's luck for a call. It does not depend on what
// other calls there were, so that every limiter meets the same waves.
func (p *provider) overloaded(r *Request, try int, at time.Duration) bool {
	const share = 0.6
	for _, w := range p.scenario.Waves {
		if w.holds(at) {
			return source(p.seed, fmt.Sprintf("overload %d %d", r.ID, try)).Float64() < share
		}
	}
	return false
}

// bill is what a request would consume now.
func (o *organisation) bill(r *Request, now time.Time) upstream.Usage {
	u := upstream.Usage{OutputTokens: r.Output, CacheReadTokens: r.Cached, Exact: true}
	if o.cache.has(r, now) {
		u.CacheReadTokens += r.Prefix
	} else {
		u.CacheWriteTokens = r.Prefix
	}
	u.InputTokens = r.Input - u.CacheReadTokens - u.CacheWriteTokens
	return u
}

// take charges a call if all of it fits, and returns how long it would have to
// wait if not. Output is charged as it is produced: here the bucket must only
// not be empty.
func (o *organisation) take(r *Request, u upstream.Usage, now time.Time) time.Duration {
	input := uncached(u)
	if o.hidden != nil {
		if wait := o.hidden.wait(input, now); wait > 0 {
			return wait
		}
	}
	if short, ok := o.quota.Admit(quota.Need{Requests: 1, InputTokens: input, OutputTokens: 1}, now); !ok {
		return max(short.Wait, time.Millisecond)
	}
	if o.hidden != nil {
		o.hidden.take(input, now)
	}
	o.cache.use(r, now)
	return 0
}

// uncached is the input that counts towards a limit.
func uncached(u upstream.Usage) int64 { return u.InputTokens + u.CacheWriteTokens }

// produce charges output that has been written.
func (p *provider) produce(key int, tokens int64) {
	p.org(key).quota.Charge(quota.Need{OutputTokens: tokens}, time.Now())
}

// signals is what the headers say: tokens to the nearest thousand.
func (o *organisation) signals(now time.Time) upstream.Signals {
	s := upstream.Signals{Owner: o.id}
	for _, l := range o.quota.Levels(now) {
		if l.Dimension != upstream.Requests {
			l.Remaining = (l.Remaining + 500) / 1000 * 1000
		}
		s.Limits = append(s.Limits, upstream.Limit{
			Dimension: l.Dimension, PerMinute: l.PerMinute, Remaining: l.Remaining, FullAt: l.FullAt,
		})
	}
	return s
}

// limited is a 429 whose retry-after is in whole seconds, rounded up.
func limited(wait time.Duration) *upstream.Fault {
	seconds := time.Duration(math.Ceil(wait.Seconds()))
	return &upstream.Fault{Class: upstream.RateLimit, Status: 429, Type: "rate_limit_error", RetryAfter: seconds * time.Second}
}

// order lists the keys as one would try them who sees all: first those whose
// organisation has the request's prefix, then the fullest, because only a
// bucket that is full wastes what flows in.
func (p *provider) order(r *Request) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	rank := make([]float64, len(p.scenario.Keys))
	keys := make([]int, len(rank))
	for key := range keys {
		keys[key], rank[key] = key, p.org(key).room(now)
		if p.org(key).cache.knows(r, now) {
			rank[key] += 2 // more than any room
		}
	}
	slices.SortFunc(keys, func(a, b int) int { return cmp.Compare(rank[b], rank[a]) })
	return keys
}

// room is the free share of the tightest limit.
func (o *organisation) room(now time.Time) float64 {
	share := 1.0
	for _, l := range o.quota.Levels(now) {
		share = min(share, float64(l.Remaining)/float64(l.PerMinute))
	}
	return share
}
