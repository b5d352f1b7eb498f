package rebalance

import (
	"time"

	"github.com/fallow-dev/fallow/internal/estimate/ratios"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// quiet is how long a quota must not have refused without a reason before its
// burst grows.
const quiet = 10 * time.Minute

// grow lets bursts that an unexplained refusal has shrunk grow back by a tenth
// a minute. It is slow on purpose: the hidden limit that it feels for answers
// with a refusal. A quota that does not say when it was shrunk has been quiet.
func grow(v view) []write {
	var out []write
	for _, q := range v.sorted(records.QuotaPrefix) {
		burst := q.Int(records.AttrBurst)
		shrunk := time.UnixMilli(q.Int(records.AttrBurstAt))
		if burst <= 0 || burst >= records.FullBurst || v.now.Sub(shrunk) < quiet || q.Int(records.AttrGrownAt) >= v.minute() {
			continue
		}
		next := min(records.FullBurst, burst+max(1, burst/10))
		out = append(out, write{q.Key, store.Change{
			If: unchanged(q, records.AttrBurst, records.AttrBurstAt, records.AttrGrownAt),
			Do: []store.Assign{
				store.Set(records.AttrBurst, store.Num(next)), store.Set(records.AttrGrownAt, store.Num(v.ms())),
				store.Add(records.AttrVersion, 1), // reservations were priced with the old one
			},
		}, func(r *Report) { r.Grown++ }, nil})
	}
	return out
}

// learn counts the instances' votes for token ratios.
func learn(v view) []write {
	var out []write
	for _, item := range v.sorted("") {
		if !ratios.Is(item.Key) {
			continue
		}
		if c, ok := ratios.Merge(v.now, item); ok {
			out = append(out, write{item.Key, c, func(r *Report) { r.Learned++ }, nil})
		}
	}
	return out
}
