package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// How often an instance adds its counts to the shared ones: weights move slowly
// and can wait, and with many instances each flush is a write for a handful of
// answers; but a refusal is something that people look for.
const (
	flushEvery   = 10 * time.Minute
	flushMany    = 50 // answers
	flushRefused = 10 * time.Second
)

// tally is what an instance has counted of a key and not yet written.
type tally struct {
	ok, refused, faults int64
	latency             time.Duration // sum of the times to the first content
	latencies           int64         // how many that sum is of
	cost                int64         // millionths of a dollar
	input, read, output int64         // tokens; read are those from the provider's cache
	headroom            int64         // thousandths, valid when headroomAt is set
	headroomAt          time.Time
	lastError           string
	errorAt             time.Time
	flushed             time.Time
}

// Note keeps how long a booking's first content took and what its answer cost,
// in millionths of a dollar, for the rebalancer and for people; 0 means unknown.
func (b *Booking) Note(first time.Duration, cost int64) {
	b.pool.add(b.Key, func(t *tally) {
		if first > 0 {
			t.latency, t.latencies = t.latency+first, t.latencies+1
		}
		t.cost += cost
	})
}

// add counts something of a key.
func (p *Pool) add(key string, count func(*tally)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally[key]
	if t == nil { // instances that began together do not all write together
		t = &tally{flushed: p.cfg.Now().Add(-flushRefused - time.Duration(p.cfg.Rand()*float64(flushEvery-flushRefused)))}
		p.tally[key] = t
	}
	count(t)
}

// count notes an answer.
func (p *Pool) count(key string, o Outcome) {
	now := p.cfg.Now()
	p.add(key, func(t *tally) {
		if o.Fault == nil {
			t.ok++
		} else if _, against := remedies[o.Fault.Class]; against {
			t.refused++
			t.lastError, t.errorAt = reason(o.Fault), now
		} else if trouble[o.Fault.Class] {
			t.faults++
		}
		if permille, known := headroom(o.Signals); known {
			t.headroom, t.headroomAt = permille, now
		}
	})
}

// trouble are the faults of the provider's own.
var trouble = map[upstream.Class]bool{
	upstream.Provider: true, upstream.Timeout: true, upstream.Overload: true,
	upstream.Connect: true, upstream.Truncated: true,
}

// use counts the tokens of an answer.
func (t *tally) use(used upstream.Usage) {
	t.input += used.InputTokens + used.CacheWriteTokens
	t.read += used.CacheReadTokens
	t.output += used.OutputTokens
}

// due reports whether the counts are to be written.
func (t tally) due(now time.Time) bool {
	since := now.Sub(t.flushed)
	return since < 0 || // a clock set back
		t.ok >= flushMany ||
		since >= flushEvery && t.ok+t.faults > 0 ||
		since >= flushRefused && t.refused > 0
}

// flush adds the key's counts to its record. They may come out a little wrong
// when a reply is lost; weights bear that.
func (b *Booking) flush(ctx context.Context) {
	p := b.pool
	p.mu.Lock()
	t, now := p.tally[b.Key], p.cfg.Now()
	due := t != nil && t.due(now)
	if due {
		p.tally[b.Key] = &tally{flushed: now}
	}
	p.mu.Unlock()
	if due {
		b.behind(ctx, func(ctx context.Context) {
			_, _, _ = p.shared.update(ctx, records.Key(p.cfg.Name, b.Key), t.change())
		})
	}
}

// counted is a key's record with what this instance has not yet added to it, so
// that people see what they have just done. The lock is held.
func (p *Pool) counted(key string) store.Item {
	t := p.tally[key]
	if t == nil {
		return p.records[key]
	}
	r, err := store.Apply(p.records[key], t.change())
	if err != nil { // a wild number in the table
		return p.records[key]
	}
	return r.Item
}

func (t tally) change() store.Change {
	var do []store.Assign
	for attr, n := range map[string]int64{
		records.AttrOK: t.ok, records.AttrRefused: t.refused, records.AttrFaults: t.faults,
		records.AttrLatencyMS: t.latency.Milliseconds(), records.AttrLatencies: t.latencies,
		records.AttrCost: t.cost, records.AttrInput: t.input, records.AttrCacheRead: t.read, records.AttrTokens: t.input + t.read + t.output,
	} {
		if n != 0 {
			do = append(do, store.Add(attr, n))
		}
	}
	if !t.headroomAt.IsZero() {
		do = append(do, store.Set(records.AttrHeadroom, store.Num(t.headroom)), store.Set(records.AttrHeadAt, store.Num(t.headroomAt.UnixMilli())))
	}
	if !t.errorAt.IsZero() {
		do = append(do, store.Set(records.AttrError, store.Text(t.lastError)), store.Set(records.AttrErrorAt, store.Num(t.errorAt.UnixMilli())))
	}
	return store.Change{Do: do}
}

// headroom returns the tightest dimension's free share in thousandths.
func headroom(s upstream.Signals) (permille int64, known bool) {
	permille = 1000
	for _, l := range s.Limits {
		if l.PerMinute > 0 {
			permille, known = min(permille, l.Remaining*1000/l.PerMinute), true
		}
	}
	return permille, known
}
