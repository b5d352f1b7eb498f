package rebalance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

const (
	// seedEvery is how often an organisation's limits are asked for. They
	// change with its tier, and response headers say so at once.
	seedEvery = 10 * time.Minute
	// mostPages bounds the pages of one answer; today there is one.
	mostPages = 10
)

// seedDue reports whether the limits were not asked for lately, and returns
// the record that says so.
func seedDue(v view) (store.Item, bool) {
	record := v.item(store.Key{Partition: records.Partition(v.pool), Sort: "seed"})
	since := v.now.Sub(time.UnixMilli(record.Int(records.AttrAt)))
	return record, since.Abs() >= seedEvery-probeSlack
}

// told is what the admin API said.
type told struct {
	owner   string // hashed organisation; empty when it did not say
	at      time.Time
	entries []modelLimits
}

// readSeed asks for all pages of an organisation's limits.
func (r *Runner) readSeed(ctx context.Context, u Upstream) (told, error) {
	var t told
	page := ""
	for range mostPages {
		a, err := r.ask(ctx, u, rateLimitsCall(page), *u.Admin)
		if err == nil && a.fault != nil {
			err = a.fault
		}
		if err != nil {
			return told{}, fmt.Errorf("admin_key: %w", err)
		}
		found, next, err := parseRateLimits(a.body)
		if err != nil {
			return told{}, fmt.Errorf("admin_key: %w", err)
		}
		t.owner, t.at = a.owner, a.sent
		if t.entries = append(t.entries, found...); next == "" {
			break
		}
		page = next
	}
	return t, nil
}

// seed writes the limits that were told to the quotas of the organisation's
// group: those that are there, and those of the models that the document
// routes to, so that the first burst is booked too. It is pure.
//
// The limits in response headers go before, as they include what a workspace
// was given of its own: what the API says counts when it says something new,
// and not again each time. Headers that are newer still win.
func seed(v view, t told, family func(string) string, routed []string) ([]write, error) {
	group, err := v.groupOfOwner(t.owner)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, model := range routed {
		wanted[family(model)] = true
	}
	for _, q := range v.sorted(records.QuotasOf(group)) {
		wanted[strings.TrimPrefix(q.Key.Sort, records.QuotasOf(group))] = true
	}
	byFamily := map[string]limits{}
	for _, entry := range t.entries {
		for _, model := range entry.models {
			f := family(model)
			byFamily[f] = byFamily[f].lowest(entry.limits)
		}
	}
	var out []write
	for _, f := range slices.Sorted(maps.Keys(byFamily)) {
		q := v.item(records.GroupScope(group, f).In(v.pool))
		if c, ok := byFamily[f].change(q, t.at); ok && wanted[f] {
			out = append(out, write{q.Key, c, func(r *Report) { r.Seeded++ }, say("limits read", "limits", byFamily[f].String())})
		}
	}
	return out, nil
}

// groupOfOwner finds the group of the organisation that an admin key is for.
func (v view) groupOfOwner(owner string) (string, error) {
	for _, m := range v.keys {
		if owner != "" && m.record.Str(records.AttrOwner) == owner {
			return m.group, nil
		}
	}
	if groups := v.groupNames(); owner == "" && len(groups) == 1 {
		return groups[0], nil
	}
	if owner == "" {
		return "", fmt.Errorf("admin_key: the provider does not say for which of the %d quota groups it is", len(v.groups))
	}
	return "", fmt.Errorf("admin_key: it is for %s, to which no key of the pool is known to belong", owner)
}

var limitAttrs = [...]string{records.AttrRequestsLimit, records.AttrInputLimit, records.AttrOutputLimit}

// change is the write of limits; ok is false when they were told before.
func (l limits) change(q store.Item, at time.Time) (c store.Change, ok bool) {
	mark := store.Text(l.String())
	ms := at.UnixMilli()
	if q.Attrs[records.AttrSeed] == mark || q.Int(records.AttrHeadersAt) >= ms {
		return c, false
	}
	c.If = store.All(unchanged(q, records.AttrSeed), store.Any(store.Absent(records.AttrHeadersAt), store.Is(records.AttrHeadersAt, store.LT, store.Num(ms))))
	c.Do = []store.Assign{store.Set(records.AttrSeed, mark)}
	for i, limit := range [...]int64{l.requests, l.input, l.output} {
		if attr := limitAttrs[i]; limit > 0 && limit != q.Int(attr) {
			c.Do = append(c.Do, store.Set(attr, store.Num(limit)))
		}
	}
	if len(c.Do) > 1 {
		c.Do = append(c.Do, store.Set(records.AttrHeadersAt, store.Num(ms)), store.Add(records.AttrVersion, 1))
	}
	if len(q.Attrs) == 0 {
		c.Do = append(c.Do, store.Set(records.AttrTTL, records.TTL(ms, records.KeepQuota)))
	}
	return c, true
}

// routed lists the models that the document asks a pool for by name.
func routed(doc *config.Config, pool string) []string {
	found := map[string]bool{}
	for name, route := range doc.Models {
		for _, target := range route.Targets {
			model := target.Model
			if model == "" && !strings.HasSuffix(name, "*") {
				model = name
			}
			if target.Pool == pool && model != "" {
				found[model] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
