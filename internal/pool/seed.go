package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// Quota names a quota from outside the pool.
type Quota struct{ Pool, Group, Family string }

// Seed writes the limits of a quota that were read elsewhere than in an
// answer's headers, such as from Anthropic's Rate Limits API, as of a time.
// What headers have told since then stands. It reports whether it changed
// anything; instances notice with their next reservation.
func Seed(ctx context.Context, table store.Table, of Quota, l Limits, at time.Time) (bool, error) {
	t := told{at: at.UnixMilli(), limit: [dimensions]int64{l.Requests, l.InputTokens, l.OutputTokens}}
	if t.silent() { // unlike an answer without limits it says nothing
		return false, nil
	}
	on := scope{ofGroup, of.Group, of.Family}
	key := store.Key{Partition: partition(of.Pool), Sort: on.sort()}
	item, _, err := table.Get(ctx, key)
	if err != nil {
		return false, err
	}
	change, differs := t.limits(quotaOf(of.Group, item))
	if !differs {
		return false, nil
	}
	res, err := table.Update(ctx, key, change)
	return res.Applied, err
}
