package rebalance

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// round is one run's work on one pool.
type round struct {
	*Runner
	name   string
	pool   config.Pool
	now    time.Time
	ledger *ledger

	mu    sync.Mutex // guards items
	items map[store.Key]store.Item
}

// steps are the decisions that need no provider. Each sees what the ones
// before it have changed.
var steps = [...]func(view) []write{carry, stir, regroup, grow, learn, weigh}

// read takes in the pool's records; false when they could not be read.
func (r *round) read(ctx context.Context) bool {
	items, err := r.cfg.Table.Query(ctx, records.Partition(r.name))
	if err != nil {
		r.fail(err)
		return false
	}
	r.items = map[store.Key]store.Item{}
	for _, item := range items {
		r.items[item.Key] = item
	}
	return true
}

func (r *round) decide(ctx context.Context) {
	for _, step := range steps {
		for _, w := range step(r.view()) {
			r.apply(ctx, w)
		}
	}
}

// view is the pool as this round knows it.
func (r *round) view() view {
	r.mu.Lock()
	defer r.mu.Unlock()
	return newView(r.now, r.name, r.pool, maps.Clone(r.items))
}

func (r *round) fail(err error) { r.ledger.fail(fmt.Errorf("pool %s: %w", r.name, err)) }

// apply makes a write and keeps what stands there after it. It reports whether
// the write was applied, and whether the table answered.
func (r *round) apply(ctx context.Context, w write) (applied, known bool) {
	res, err := r.cfg.Table.Update(ctx, w.key, w.change)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", w.key.Sort, err))
		return false, false
	}
	r.mu.Lock()
	r.items[w.key] = res.Item
	r.mu.Unlock()
	if !res.Applied {
		r.ledger.note(func(report *Report) { report.Fenced++ })
		return false, true
	}
	if w.done != nil {
		r.ledger.note(w.done)
	}
	if w.news != nil {
		r.cfg.Log.With("pool", r.name, "record", w.key.Sort).Info(w.news.text, w.news.attrs...)
	}
	return true, true
}

// probes lists the calls that find out how keys are.
func (r *round) probes() []task {
	u, ok := r.cfg.Upstreams[r.name]
	if !ok || u.Dialect.ModelsCall() == nil { // no call is free there
		return nil
	}
	v := r.view()
	var out []task
	for _, e := range errands(v) {
		out = append(out, func(ctx, calls context.Context) { r.probe(ctx, calls, u, v, e) })
	}
	return out
}

// probe runs one errand: claim the call, make it, act on the answer, write down
// what came of it.
func (r *round) probe(ctx, calls context.Context, u Upstream, v view, e errand) {
	by := r.cfg.Instance + "/" + strconv.FormatInt(r.claims.Add(1), 10)
	if !r.claim(ctx, e, by) {
		return
	}
	a, err := r.ask(calls, u, u.Dialect.ModelsCall(), u.Keys[e.key.name])
	if calls.Err() != nil {
		return // there was no time: that says nothing of the key or its secret
	}
	if err != nil {
		r.cfg.Log.Warn("secret of a key cannot be read", "pool", r.name, "key", e.key.name, "error", err)
		r.ledger.note(func(report *Report) { report.Unreadable = append(report.Unreadable, r.name+"/"+e.key.name) })
		r.apply(ctx, e.note(by, answer{}, "could not be asked for its models: its secret cannot be read"))
		return
	}
	r.ledger.note(func(report *Report) { report.Tried++ })
	listed, err := u.Dialect.ParseModels(a.body)
	if a.fault == nil && err != nil { // somebody else's page proves nothing
		a.fault = &upstream.Fault{Class: upstream.Provider, Message: err.Error()}
	}
	for _, w := range verdict(v, e, a, listed, r.cfg.Now()) {
		r.apply(ctx, w)
	}
	r.apply(ctx, e.note(by, a, a.outcome()))
}

// claim reports whether this run is the one to make the call. One whose claim
// got no answer leaves it: the key's turn comes again.
func (r *round) claim(ctx context.Context, e errand, by string) bool {
	key := e.key.record.Key
	res, err := r.cfg.Table.Update(ctx, key, e.claim(r.cfg.Now(), by))
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", key.Sort, err))
		return false
	}
	r.mu.Lock()
	r.items[key] = res.Item
	r.mu.Unlock()
	return res.Applied || res.Item.Str(records.AttrTriedBy) == by
}

// seeds is the call that reads limits, if the pool has an admin key and it is time.
func (r *round) seeds() []task {
	u, ok := r.cfg.Upstreams[r.name]
	record, due := seedDue(r.view())
	if !ok || u.Admin == nil || !due {
		return nil
	}
	return []task{func(ctx, calls context.Context) { r.seed(ctx, calls, u, record) }}
}

// seed reads the limits and writes them. Only then is it noted that they were
// read, so that what broke off is made good a minute later.
func (r *round) seed(ctx, calls context.Context, u Upstream, record store.Item) {
	why := "read"
	told, err := r.readSeed(calls, u)
	var writes []write
	if err == nil {
		writes, err = seed(r.view(), told, u.Dialect.Family, routed(r.cfg.Document, r.name))
	}
	if err != nil {
		r.fail(err)
		why = err.Error()
	}
	for _, w := range writes {
		if _, known := r.apply(ctx, w); !known {
			return
		}
	}
	r.apply(ctx, write{record.Key, store.Change{
		If: unchanged(record, records.AttrAt),
		Do: []store.Assign{store.Set(records.AttrAt, store.Num(r.now.UnixMilli())), store.Set(records.AttrWhy, store.Text(clip(why)))},
	}, nil, nil})
}

// close writes the digest.
func (r *round) close(ctx context.Context) {
	v := r.view()
	r.ledger.note(func(report *Report) { report.Shared = append(report.Shared, shared(v)...) })
	w, due := publish(v)
	if !due {
		return
	}
	if applied, _ := r.apply(ctx, w); applied {
		r.cfg.Log.Info("digest", digest(v).figures()...)
	}
}
