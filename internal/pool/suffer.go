package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// suffer begins the rest that a refusal calls for: here first, then for all.
func (b *Booking) suffer(ctx context.Context, o Outcome, how remedy) {
	p, now, f := b.pool, b.pool.cfg.Now(), o.Fault
	t := listen(o.Signals, now)
	how.silent = how.metered && t.silent()
	hidden := how.metered && !t.silent() && !t.explains(p.needs(b.want))
	r := p.begin(how.covers(b), f, how, now)
	if hidden {
		r.burst = p.shrunk(b.on)
	}
	b.behind(ctx, func(ctx context.Context) {
		change, told := p.publish(ctx, r, now)
		if change != "" {
			p.tell(ctx, told, change, b.Key)
		}
		if change == "" || r.On == b.on { // who books there meets the rest in the quota's record
			return
		}
		p.stir(ctx, b.on.Name)
		if r.On.Kind == records.OfGroup && r.On.Name != b.on.Name {
			p.stir(ctx, r.On.Name)
		}
	})
}

// begin starts or extends a rest here, by the rules of beginChange and
// extendChange. It returns what this refusal alone calls for.
func (p *Pool) begin(on records.Scope, f *upstream.Fault, how remedy, now time.Time) rest {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.rests[on]
	r := rest{draft: true, Rest: records.Rest{
		On: on, Set: max(now.UnixMilli(), old.Set+1), Count: old.Count + 1,
		Class: f.Class, Why: reason(f), Quarantine: how.quarantine,
	}}
	if old.Until > now.UnixMilli() { // one of several refusals that met the same limit
		r.Set, r.Count, r.Quarantine = old.Set, old.Count, old.Quarantine || how.quarantine
	}
	length := how.length(f, now, r.Count-1)
	// A limit that shows in no header and does not go away by itself is not
	// tried by everybody each time its rest is over, and less and less often.
	if how.silent && r.Count > 1 {
		r.Quarantine = true
		length = max(length, backoff(r.Count-1))
	}
	length = stretch(length, p.cfg.Rand())
	// Rounded up: the provider counts an early return as another refusal.
	r.Until = now.Add(length + time.Millisecond - 1).UnixMilli()
	if r.Until > old.Until {
		p.put(r)
	}
	return r
}

// shrunk is the burst to assume after a refusal that the headers do not
// explain: the provider enforces its limit over a shorter span than it says,
// or one that it does not show. The rebalancer lets it grow again.
func (p *Pool) shrunk(on records.Scope) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(leastBurst, p.booked(on).burst*6/10)
}

// publish tells the other instances, and takes in what they know better. It
// does so even when the rest known here outlasts r: an operator may have
// cleared that one, and then r is what is left. It returns what it changed for
// the others, and the rest as it was written; the change is empty when others
// had been there before.
func (p *Pool) publish(ctx context.Context, r rest, now time.Time) (telemetry.Change, rest) {
	for range setTries {
		change := telemetry.Begun
		told, changed, err := p.write(ctx, r.On, beginChange(now, r))
		if err == nil && !changed && told.Until <= now.UnixMilli() {
			r.Set, r.Count = told.Set+1, told.Count+1 // it was begun and ended unheard of here
			continue
		}
		if err == nil && !changed && told.Until < r.Until {
			change = telemetry.Extended
			told, changed, err = p.write(ctx, r.On, extendChange(told.Set, r))
		}
		if err == nil {
			p.remember(told)
		}
		// A lost reply or a repetition may hide that it was written.
		if changed || err != nil || told.Set == r.Set && told.Until == r.Until {
			return change, r
		}
		break
	}
	return "", r
}

// reason puts a refusal into words for the people who read the pool's state.
func reason(f *upstream.Fault) string {
	switch {
	case f.RetryAfter > 0:
		return fmt.Sprintf("provider said %s, retry after %s", f.Class, f.RetryAfter.Round(time.Second))
	case f.Code != "":
		return fmt.Sprintf("provider said %s (%s)", f.Class, f.Code)
	default:
		return fmt.Sprintf("provider said %s", f.Class)
	}
}
