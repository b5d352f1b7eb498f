package quota

import (
	"cmp"
	"math"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// Limits are allowances per minute. Zero in a field means no such limit.
type Limits struct {
	// Requests, InputTokens and OutputTokens are Anthropic's three dimensions.
	Requests, InputTokens, OutputTokens int64
	// Tokens counts input and output together, as OpenAI does.
	Tokens int64
	// Burst is how long the refill takes of all that a bucket holds; 0 means a
	// minute, which is what providers say. Less is a storm whose minutes are
	// shorter: with ten times the limits and six seconds a bucket holds what it
	// did and fills ten times as fast.
	Burst time.Duration
}

// holds is the number of minutes' refill that a bucket has room for.
func (l Limits) holds() float64 { return cmp.Or(l.Burst, time.Minute).Minutes() }

// Need is what one request takes. Zero in a field takes nothing and is not
// refused either, whatever the level.
type Need struct {
	Requests, InputTokens, OutputTokens, Tokens int64
}

// Short says which limit refused a request.
type Short struct {
	Dimension upstream.Dimension
	// PerMinute is the limit; Left what the bucket holds, which may be below
	// zero; Asked what the request needed.
	PerMinute, Left, Asked int64
	// Wait is the time until the same request would pass, if nobody else came.
	Wait time.Duration
}

// Level is the state of one dimension.
type Level struct {
	Dimension upstream.Dimension
	// PerMinute is the limit, Remaining the whole units left, never negative.
	PerMinute, Remaining int64
	// FullAt is when the bucket is completely full again; now if it is.
	FullAt time.Time
}

// dimensions in the order in which they are tested and reported.
var dimensions = [...]upstream.Dimension{upstream.Requests, upstream.InputTokens, upstream.OutputTokens, upstream.Tokens}

// Group is the quota of one organisation and model family. It is safe for
// concurrent use.
type Group struct {
	full [len(dimensions)]int64 // the limits as configured; 0 is none

	mu      sync.Mutex // covers all below
	factor  float64    // what the configured limits are multiplied by
	buckets [len(dimensions)]bucket
}

// NewGroup makes a group whose buckets are full.
func NewGroup(l Limits, now time.Time) *Group {
	g := &Group{full: l.array(), factor: 1}
	for i, limit := range g.full {
		g.buckets[i] = newBucket(limit, l.holds(), now)
	}
	return g
}

func (l Limits) array() [len(dimensions)]int64 {
	return [...]int64{l.Requests, l.InputTokens, l.OutputTokens, l.Tokens}
}

func (n Need) array() [len(dimensions)]int64 {
	return [...]int64{n.Requests, n.InputTokens, n.OutputTokens, n.Tokens}
}

// Admit takes all of need or nothing. A refusal names the dimension that
// needs the longest to recover: one that named a shorter wait would invite a
// retry that is bound to fail.
func (g *Group) Admit(need Need, now time.Time) (Short, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refill(now)
	asked := need.array()
	if short, ok := g.fits(asked); !ok {
		return short, false
	}
	g.charge(asked)
	return Short{}, true
}

func (g *Group) fits(asked [len(dimensions)]int64) (worst Short, ok bool) {
	ok = true
	for i := range g.buckets {
		b := &g.buckets[i]
		if g.full[i] == 0 || asked[i] == 0 || b.has(asked[i]) {
			continue
		}
		if wait := b.wait(asked[i]); ok || wait > worst.Wait {
			worst = Short{dimensions[i], int64(b.perMinute), int64(math.Floor(b.level)), asked[i], wait}
		}
		ok = false
	}
	return worst, ok
}

// Charge takes need without asking, into debt if it must; negative fields are
// given back.
func (g *Group) Charge(need Need, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refill(now)
	g.charge(need.array())
}

func (g *Group) charge(n [len(dimensions)]int64) {
	for i := range g.buckets {
		g.buckets[i].charge(n[i])
	}
}

func (g *Group) refill(now time.Time) {
	for i := range g.buckets {
		g.buckets[i].refill(now)
	}
}

// Scale multiplies the configured limits by factor from now on: 0.5 halves
// them, 1 restores them. What had been refilled until now stays, as far as
// the smaller bucket can hold it.
func (g *Group) Scale(factor float64, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if factor == g.factor {
		return
	}
	g.factor = factor
	g.refill(now)
	for i := range g.buckets {
		// Never less than 1: a limit of 0 means "none" elsewhere.
		g.buckets[i].resize(max(min(1, float64(g.full[i])), math.Floor(float64(g.full[i])*factor)))
	}
}

// Levels reports every dimension that has a limit.
func (g *Group) Levels(now time.Time) []Level {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refill(now)
	levels := make([]Level, 0, len(dimensions))
	for i := range g.buckets {
		if g.full[i] == 0 {
			continue
		}
		b := &g.buckets[i]
		levels = append(levels, Level{
			Dimension: dimensions[i],
			PerMinute: int64(b.perMinute),
			Remaining: max(0, int64(math.Floor(b.level))),
			FullAt:    now.Add(b.wait(int64(b.capacity()))),
		})
	}
	return levels
}
