// Package ratios lets instances share what they have learned of how many bytes
// make a token.
//
// Instances vote and the rebalancer counts: Publish adds an instance's ratios
// to sums, one record for each model, Merge moves the shared ratios half way
// to the mean of the votes, and Load reads the shared ratios back. Sums rather
// than a record for each instance, because instances come and go by the
// hundred and addition needs no knowledge of the others.
//
// The records stand in the pool's partition, so whoever reads the pool's state
// has them at no further cost.
package ratios

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

const (
	prefix = "ratio#"
	// unit is one request's worth of a vote, and scale a whole number of tokens
	// per unit of content: records hold integers.
	unit  = 1_000
	scale = 1_000_000
	// keep is how long, in seconds, the ratios of a model that nobody asks for
	// are kept.
	keep = 7 * 86_400
	// attrMergedAt is when the votes were last counted, ms since epoch.
	attrMergedAt = "merged_at"
)

// class is one of the ratios of a family and the attributes that hold it.
type class struct {
	// votes and sum are what instances add up: requests, and requests times
	// tokens per unit of content. The mean of the latter is what errors add up
	// in, see estimate.Ratio.
	votes, sum string
	// ratio and seen are what is shared: units per token, and how many requests
	// stand behind it.
	ratio, seen string
	of          func(*estimate.Family) *estimate.Ratio
}

var classes = [...]class{
	{"text_votes", "text_sum", "text_ratio", "text_seen", func(f *estimate.Family) *estimate.Ratio { return &f.Text }},
	{"wide_votes", "wide_sum", "wide_ratio", "wide_seen", func(f *estimate.Family) *estimate.Ratio { return &f.Wide }},
	{"json_votes", "json_sum", "json_ratio", "json_seen", func(f *estimate.Family) *estimate.Ratio { return &f.JSON }},
	{"fixed_votes", "fixed_sum", "fixed_ratio", "fixed_seen", func(f *estimate.Family) *estimate.Ratio { return &f.Fixed }},
}

// Publish votes for what an instance knows: now is the Snapshot of its Ratios,
// before the one that it published last (nil at first). Families that have not
// changed in between are left out, for a vote that repeats itself would outweigh
// what others have learned meanwhile. Call it about once a minute, and never
// while a client waits. The names of families are any that instances agree on.
//
// An error leaves open which votes arrived; they need not be repeated, as the
// next ones will say the same.
func Publish(ctx context.Context, table store.Table, pool string, at time.Time, before, now map[string]estimate.Family) error {
	var failures []error
	for name, family := range now {
		key := store.Key{Partition: records.Partition(pool), Sort: prefix + name}
		change, ok := vote(family, at)
		if family == before[name] || !ok || name == "" || key.Validate() != nil {
			continue
		}
		if _, err := table.Update(ctx, key, change); err != nil {
			failures = append(failures, fmt.Errorf("publish ratios of %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

func vote(f estimate.Family, at time.Time) (c store.Change, ok bool) {
	for _, class := range classes {
		r := class.of(&f)
		if votes := math.Round(r.Seen * unit); votes >= 1 && r.PerToken > 0 {
			c.Do = append(c.Do,
				store.Add(class.votes, int64(votes)),
				store.Add(class.sum, int64(math.Round(votes*scale/r.PerToken))))
		}
	}
	if len(c.Do) == 0 {
		return c, false
	}
	c.Do = append(c.Do, store.Set(records.AttrTTL, store.Num(at.Unix()+keep)))
	return c, true
}

// Of finds the shared ratios among the records of a pool's partition, by family,
// to be given to estimate.Ratios.Merge.
func Of(items []store.Item) map[string]estimate.Family {
	found := map[string]estimate.Family{}
	for _, item := range items {
		if name, ok := strings.CutPrefix(item.Key.Sort, prefix); ok && item.Has(attrMergedAt) {
			found[name] = shared(item)
		}
	}
	return found
}

// Is reports whether a record holds ratios.
func Is(key store.Key) bool { return strings.HasPrefix(key.Sort, prefix) }

// Merge is the rebalancer's part: the write that counts the votes in a record.
// ok is false when there are none, or when they were counted in this minute
// already. It loses when somebody else has counted since the record was read,
// so that no vote counts twice.
func Merge(now time.Time, item store.Item) (c store.Change, ok bool) {
	minute := now.Truncate(time.Minute).UnixMilli()
	if item.Int(attrMergedAt) >= minute {
		return c, false
	}
	voted, take := votes(item)
	if len(take) == 0 {
		return c, false
	}
	var r estimate.Ratios
	r.Merge(map[string]estimate.Family{"": shared(item)})
	r.Merge(map[string]estimate.Family{"": voted})
	merged := r.Snapshot()[""]
	c.If = store.Absent(attrMergedAt)
	if item.Has(attrMergedAt) {
		c.If = store.Is(attrMergedAt, store.EQ, item.Attrs[attrMergedAt])
	}
	c.Do = append(take, store.Set(attrMergedAt, store.Num(now.UnixMilli())))
	for _, class := range classes {
		got := class.of(&merged)
		c.Do = append(c.Do,
			store.Set(class.ratio, store.Num(int64(math.Round(got.PerToken*scale)))),
			store.Set(class.seen, store.Num(int64(math.Round(got.Seen*unit)))))
	}
	return c, true
}

// votes is the mean of what was voted, and the assignments that take those
// votes out of the record. Sums that make no sense are taken out too.
func votes(item store.Item) (mean estimate.Family, take []store.Assign) {
	mean = estimate.Start()
	for _, class := range classes {
		n, sum := item.Int(class.votes), item.Int(class.sum)
		if n == 0 && sum == 0 {
			continue
		}
		take = append(take, store.Add(class.votes, -n), store.Add(class.sum, -sum))
		if n > 0 && sum > 0 {
			*class.of(&mean) = estimate.Ratio{PerToken: float64(n) * scale / float64(sum), Seen: float64(n) / unit}
		}
	}
	return mean, take
}

// shared is what a record says that was merged before.
func shared(item store.Item) estimate.Family {
	f := estimate.Start()
	for _, class := range classes {
		ratio, seen := item.Int(class.ratio), item.Int(class.seen)
		if ratio > 0 && seen > 0 {
			*class.of(&f) = estimate.Ratio{PerToken: float64(ratio) / scale, Seen: float64(seen) / unit}
		}
	}
	return f
}
