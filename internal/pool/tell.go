package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// tell reports a change of a rest, as told by the store or, where that was not
// reached, as it is known here. Of many instances that meet one limit only the
// one whose write began the rest reports that.
func (p *Pool) tell(ctx context.Context, r rest, change telemetry.Change, key string) {
	e := telemetry.Cooldown{
		Pool: p.cfg.Name, Of: r.On.Kind, Name: r.On.Name, Covers: r.On.Covers, Change: change,
		Class: r.Class, Why: r.Why, Quarantine: r.Quarantine, Key: key,
	}
	if change != telemetry.Ended && change != telemetry.Cleared {
		e.Until = time.UnixMilli(r.Until)
	}
	p.cfg.Observe(ctx, e)
}

// rested is a rest as this instance knows it.
func (p *Pool) rested(on records.Scope) rest {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rests[on]
	r.On = on
	return r
}
