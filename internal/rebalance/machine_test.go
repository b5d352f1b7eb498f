package rebalance

import (
	"context"
	flags "flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestRunsInterleaved(t *testing.T) { checkInterleaving(t, newTable()) }
func TestRunsBrokenOff(t *testing.T)   { checkCrashes(t, newTable()) }
func TestCallsInterleaved(t *testing.T) {
	checkCalls(t, newTable())
}

// TestMachinesOnDynamoDB runs the same on the expressions that DynamoDB gets.
// Not parallel: it lowers rapid's number of checks for a while.
func TestMachinesOnDynamoDB(t *testing.T) {
	server := dynamotest.Start(t)
	table := dynamo.New(dynamo.Config{Client: server.Client(), Table: server.NewTable(t), Timeout: 30 * time.Second})
	fewerChecks(t, 10)
	t.Run("interleaved", func(t *testing.T) { checkInterleaving(t, table) })
	t.Run("broken off", func(t *testing.T) { checkCrashes(t, table) })
	t.Run("calls", func(t *testing.T) { checkCalls(t, table) })
}

// fewerChecks divides the number of rapid's checks until the end of the test.
func fewerChecks(t *testing.T, by int) {
	t.Helper()
	checks := flags.Lookup("rapid.checks").Value
	was := checks.String()
	n, err := strconv.Atoi(was)
	if err != nil {
		t.Fatal(err)
	}
	if err := checks.Set(strconv.Itoa(max(1, n/by))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = checks.Set(was) })
}

// worlds numbers the pools, so that one table serves many checks.
var worlds atomic.Int64

// world is a pool as instances may have left it, to be made as often as one
// likes.
type world struct {
	keys    []string
	records map[string]attrs
	answers map[string]reply
}

func drawWorld(t *rapid.T) world {
	w := world{records: map[string]attrs{}, answers: map[string]reply{}}
	owner := rapid.SampledFrom([]string{"", "org-a", orgA})
	quota := rapid.SampledFrom([]string{"", "", "=team"})
	for _, key := range []string{"a", "b", "c"} {
		w.keys = append(w.keys, key+quota.Draw(t, "quota"))
		if rapid.IntRange(0, 3).Draw(t, "unused") > 0 {
			w.records["key#"+key] = drawCounters(t, owner.Draw(t, "owner"))
		}
		w.answers[key] = rapid.SampledFrom([]reply{
			models, refusing(401, "authentication_error", "", ""), refusing(402, "billing_error", "", ""), refusing(529, "overloaded_error", "", ""),
		}).Draw(t, "answer")
	}
	scopes := []string{"rest#key#a#*", "rest#key#b#" + sonnet}
	for _, group := range []string{"a", "b", "org-a", orgA, "team", "old"} {
		scopes = append(scopes, "rest#group#"+group+"#*", "quota#"+group+"#"+sonnet)
	}
	for _, scope := range scopes {
		if rapid.Bool().Draw(t, scope) {
			w.records[scope] = drawRest(t, strings.HasPrefix(scope, records.QuotaPrefix))
		}
	}
	if rapid.Bool().Draw(t, "votes") {
		w.records["ratio#"+sonnet] = attrs{"text_votes": 9_000, "text_sum": rapid.IntRange(1_000, 90_000_000).Draw(t, "sum")}
	}
	return w
}

func drawCounters(t *rapid.T, owner string) attrs {
	count := rapid.IntRange(0, 200)
	a := attrs{records.AttrOK: count.Draw(t, "ok"), records.AttrRefused: count.Draw(t, "refused"), records.AttrFaults: count.Draw(t, "faults"),
		records.AttrLatencyMS: count.Draw(t, "latency") * 1000, records.AttrLatencies: count.Draw(t, "latencies"),
		records.AttrCost: count.Draw(t, "cost") * 1000, records.AttrTokens: count.Draw(t, "tokens") * 1000, records.AttrWeight: 50 * rapid.IntRange(1, 20).Draw(t, "weight")}
	if owner != "" {
		a[records.AttrOwner] = owner
	}
	if rapid.Bool().Draw(t, "grouped") {
		a[records.AttrGroup], a[records.AttrGroupOwner] = "old", owner
	}
	return a
}

func drawRest(t *rapid.T, metered bool) attrs {
	classes := []upstream.Class{upstream.Billing, upstream.SpendCap, upstream.Auth, upstream.Permission, upstream.RateLimit, upstream.Hold}
	// Far enough from now for clocks that differ by seconds to agree on it.
	at := rapid.SampledFrom([]time.Duration{-30 * time.Hour, -2 * time.Hour, -time.Minute, time.Minute, 9 * time.Minute})
	a := resting(rapid.SampledFrom(classes).Draw(t, "class"), after(-at.Draw(t, "set").Abs()), after(at.Draw(t, "until")))
	a[records.AttrQuarantine] = rapid.IntRange(0, 1).Draw(t, "quarantine")
	if rapid.IntRange(0, 4).Draw(t, "ended") == 0 {
		a[records.AttrUntil], a[records.AttrQuarantine], a[records.AttrCount] = 0, 0, 0
	}
	if metered {
		a[records.AttrVersion] = 1
		if rapid.Bool().Draw(t, "shrunk") {
			a[records.AttrBurst] = rapid.IntRange(3_000, records.FullBurst).Draw(t, "burst")
		}
	}
	return a
}

// build makes the world anew and returns the name of its pool.
func (w world) build(t *rapid.T, table store.Table) string {
	name := fmt.Sprintf("world-%d", worlds.Add(1))
	for sort, a := range w.records {
		var c store.Change
		for _, attr := range slices.Sorted(maps.Keys(a)) {
			c.Do = append(c.Do, store.Set(attr, value(a[attr])))
		}
		if _, err := table.Update(context.Background(), store.Key{Partition: records.Partition(name), Sort: sort}, c); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// runner is one for the world's pool; without a provider if p is nil.
func (w world) runner(name string, table store.Table, p Client, now time.Time) *Runner {
	cfg := wired(table, p, func() time.Time { return now }, w.keys...)
	cfg.Document = &config.Config{Pools: map[string]config.Pool{name: cfg.Document.Pools["claude"]}}
	cfg.Upstreams = map[string]Upstream{name: cfg.Upstreams["claude"]}
	if p == nil {
		cfg.Secrets = nil
	}
	return New(cfg)
}

func mustRun(t *rapid.T, r *Runner) {
	if _, err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// listed is what stands in a pool, without the attributes named and without
// what a digest says: it may be of any moment within its minute.
func listed(t *rapid.T, table store.Table, name string, without ...string) map[string]string {
	items, err := table.Query(context.Background(), records.Partition(name))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, item := range items {
		var line []string
		for _, attr := range slices.Sorted(maps.Keys(item.Attrs)) {
			if attr != records.AttrDigest && !slices.Contains(without, attr) {
				line = append(line, attr+"="+show(item.Attrs[attr]))
			}
		}
		all[item.Key.Sort] = strings.Join(line, " ")
	}
	return all
}

func same(t *rapid.T, got, want map[string]string) {
	for _, sort := range slices.Sorted(maps.Keys(want)) {
		if got[sort] != want[sort] {
			t.Fatalf("%s is\n%s\nafter one undisturbed run it is\n%s", sort, got[sort], want[sort])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got records %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// checkInterleaving lets runs with clocks some seconds apart take turns at
// random over a table that loses replies, makes writes twice or fails: together
// with one that is not disturbed they must do what that one does alone.
func checkInterleaving(t *testing.T, table store.Table) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		alone, together := w.build(t, table), w.build(t, table)
		mustRun(t, w.runner(alone, table, nil, nine))
		var runs []func(store.Table)
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			skew := time.Duration(rapid.IntRange(-20, 20).Draw(t, "skew")) * time.Second
			runs = append(runs, func(table store.Table) {
				_, _ = w.runner(together, table, nil, after(skew)).Run(context.Background()) // it is meant to fail at times
			})
		}
		takeTurns(t, table, runs)
		mustRun(t, w.runner(together, table, nil, nine))
		clocks := []string{records.AttrWeightAt, records.AttrGrownAt, "merged_at", records.AttrAt, records.AttrTTL}
		same(t, listed(t, table, together, clocks...), listed(t, table, alone, clocks...))
	})
}

// checkCrashes breaks a run off at any point and runs again: by records alone
// all must be as if nothing had happened; with a provider every key must be
// known for what it is as soon as its turn has come again.
func checkCrashes(t *testing.T, table store.Table) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		alone, broken := w.build(t, table), w.build(t, table)
		point, lost := rapid.IntRange(0, 40).Draw(t, "breaks off"), rapid.Bool().Draw(t, "last reply lost")
		mustRun(t, w.runner(alone, table, nil, nine))
		_, _ = w.runner(broken, &dying{Table: table, left: point, lost: lost}, nil, nine).Run(context.Background())
		mustRun(t, w.runner(broken, table, nil, nine))
		same(t, listed(t, table, broken), listed(t, table, alone))

		p := newProvider(w.answers)
		_, _ = w.runner(broken, &dying{Table: table, left: point, lost: lost}, p, after(time.Minute)).Run(context.Background())
		for minute := range 14 {
			mustRun(t, w.runner(broken, table, p, after(time.Duration(minute+1)*time.Minute)))
		}
		w.healed(t, table, broken)
	})
}

// healed checks that every key that is not on hold is known for what it is: a
// good one does not rest as refused, and a dead one that nobody uses does.
func (w world) healed(t *rapid.T, table store.Table, name string) {
	items, err := table.Query(context.Background(), records.Partition(name))
	if err != nil {
		t.Fatal(err)
	}
	r := w.runner(name, table, nil, after(14*time.Minute))
	byKey := map[store.Key]store.Item{}
	for _, item := range items {
		byKey[item.Key] = item
	}
	v := newView(r.cfg.Now(), name, r.cfg.Document.Pools[name], byKey)
	_, _, held := v.doubtful()
	for _, m := range v.keys {
		own, _ := restOf(v.item(records.KeyScope(m.name, records.Everything).In(name)))
		refused := own.stands(v.now) && own.Class == upstream.Auth
		switch answer := w.answers[m.name]; {
		case held[m.group]:
		case answer.status == 200 && refused:
			t.Fatalf("key %s is good and rests: %+v", m.name, own)
		case answer.status == 401 && m.unused() && !refused:
			t.Fatalf("key %s is dead and does not rest: %+v", m.name, own)
		}
	}
}

// checkCalls lets runs that ask the provider take turns in the same way: no key
// may be asked twice within its five minutes.
func checkCalls(t *testing.T, table store.Table) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		name := w.build(t, table)
		p := newProvider(w.answers)
		var runs []func(store.Table)
		for minute := range rapid.IntRange(2, 4).Draw(t, "runs") {
			runs = append(runs, func(table store.Table) {
				_, _ = w.runner(name, table, p, after(time.Duration(minute)*time.Minute)).Run(context.Background())
			})
		}
		takeTurns(t, table, runs)
		for _, key := range []string{"a", "b", "c"} {
			if n := p.called(key); n > 1 {
				t.Fatalf("key %s was asked %d times within four minutes", key, n)
			}
		}
		for sort, was := range w.records {
			held := was[records.AttrClass] == upstream.Hold && was[records.AttrQuarantine] == 1 && strings.HasPrefix(sort, "rest#group#")
			item, _, err := table.Get(context.Background(), store.Key{Partition: records.Partition(name), Sort: sort})
			if held && (err != nil || item.Int(records.AttrSetAt) != value(was[records.AttrSetAt]).Int() || item.Int(records.AttrQuarantine) != 1) && value(was[records.AttrSetAt]).Int() > after(-20*time.Hour).UnixMilli() {
				t.Fatalf("a hold was ended or begun anew: %v, %v", item, err)
			}
		}
	})
}

// dying fails every call once it has made so many; of the last it may lose the
// reply.
type dying struct {
	store.Table
	left int
	lost bool
}

func (d *dying) Query(ctx context.Context, partition string) ([]store.Item, error) {
	if d.left--; d.left < 0 {
		return nil, storetest.ErrInjected
	}
	return d.Table.Query(ctx, partition)
}

func (d *dying) Update(ctx context.Context, k store.Key, c store.Change) (store.Result, error) {
	if d.left--; d.left < 0 {
		return store.Result{}, storetest.ErrInjected
	}
	res, err := d.Table.Update(ctx, k, c)
	if d.left == 0 && d.lost {
		return store.Result{}, storetest.ErrInjected
	}
	return res, err
}

// turns hands the calls of several runs to one table, one at a time.
type turns struct {
	store.Table
	number int
	calls  chan<- call
}

// call is one that waits for its turn, which it gets with what is to go wrong.
type call struct {
	number int
	turn   chan trouble
	done   chan struct{}
}

type trouble string

const (
	none  trouble = ""
	fails trouble = "fails"
	loses trouble = "loses its reply"
	twice trouble = "is made twice"
)

func (s turns) wait() (trouble, func()) {
	c := call{s.number, make(chan trouble), make(chan struct{})}
	s.calls <- c
	return <-c.turn, func() { close(c.done) }
}

func (s turns) Query(ctx context.Context, partition string) ([]store.Item, error) {
	wrong, done := s.wait()
	defer done()
	if wrong == fails {
		return nil, storetest.ErrInjected
	}
	return s.Table.Query(ctx, partition)
}

func (s turns) Update(ctx context.Context, k store.Key, c store.Change) (store.Result, error) {
	wrong, done := s.wait()
	defer done()
	if wrong == fails {
		return store.Result{}, storetest.ErrInjected
	}
	res, err := s.Table.Update(ctx, k, c)
	switch wrong {
	case twice:
		return s.Table.Update(ctx, k, c)
	case loses:
		return store.Result{}, storetest.ErrInjected
	}
	return res, err
}

// takeTurns runs all at once and draws whose call is next, and what goes wrong
// with it.
func takeTurns(t *rapid.T, table store.Table, runs []func(store.Table)) {
	calls, ended := make(chan call), make(chan struct{})
	for i, run := range runs {
		go func() { run(turns{table, i, calls}); ended <- struct{}{} }()
	}
	waiting, running := map[int]call{}, len(runs)
	for {
		for len(waiting) < running {
			select {
			case c := <-calls:
				waiting[c.number] = c
			case <-ended:
				running--
			}
		}
		if running == 0 {
			return
		}
		next := rapid.SampledFrom(slices.Sorted(maps.Keys(waiting))).Draw(t, "turn")
		c := waiting[next]
		delete(waiting, next)
		c.turn <- rapid.SampledFrom([]trouble{none, none, none, none, none, fails, loses, twice}).Draw(t, "trouble")
		<-c.done
	}
}
