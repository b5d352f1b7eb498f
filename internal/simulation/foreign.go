package simulation

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// foreign uses a share of organisation 0's input until the context ends, in
// small steps and without ever being refused.
func (p *provider) foreign(ctx context.Context) {
	perMinute := float64(p.scenario.Organisations[0].InputTokens)
	step := quota.Need{InputTokens: int64(p.scenario.Foreign * perMinute / 60)}
	for pause(ctx, time.Second) {
		p.orgs[0].quota.Charge(step, time.Now())
	}
}
