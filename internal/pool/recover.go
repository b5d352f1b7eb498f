package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// succeed ends the rests that had run out. A success proves that they are over
// only if it was sent after they began; the store checks that again.
func (b *Booking) succeed(ctx context.Context) {
	for _, on := range b.over {
		if b.outlives(on) {
			b.behind(ctx, func(ctx context.Context) { b.recovered(ctx, on) })
		}
	}
}

// outlives reports whether the booking's success ends a rest as it is known
// here. Of the many successes after a rest the first ends it, and the others
// need not write.
func (b *Booking) outlives(on records.Scope) bool {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return b.ends(b.pool.rests[on], b.pool.cfg.Now())
}

// ends is the condition of endChange.
func (b *Booking) ends(r rest, now time.Time) bool {
	probed := b.holder != "" && r.ProbeBy == b.holder
	return r.Count > 0 && r.Set < b.sent.UnixMilli() && (r.Until <= now.UnixMilli() || probed)
}

func (b *Booking) recovered(ctx context.Context, on records.Scope) {
	p := b.pool
	before := p.rested(on)
	told, applied, err := p.write(ctx, on, endChange(p.cfg.Now(), b.sent, b.holder))
	if err != nil {
		b.endHere(on)
	} else {
		p.remember(told)
	}
	if applied || err != nil {
		p.tell(ctx, before, telemetry.Ended, b.Key)
	}
}

// endHere ends a rest in this instance alone, as the store cannot be told.
// Else a quarantine would admit one probe a minute for as long as it is down.
func (b *Booking) endHere(on records.Scope) {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	r, now := p.rests[on], p.cfg.Now()
	if b.ends(r, now) {
		p.put(rest{draft: true, Rest: records.Rest{On: on, Set: max(now.UnixMilli(), r.Set+1), Why: "recovered"}})
	}
}
