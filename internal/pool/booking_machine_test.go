package pool

import (
	"cmp"
	"context"
	flags "flag"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

func TestBookingMachine(t *testing.T) { checkBookings(t, embedded.NewMemory()) }

// TestBookingMachineOnDynamoDB runs the same on the expressions that DynamoDB
// gets. Not parallel: it lowers rapid's number of checks for a while.
func TestBookingMachineOnDynamoDB(t *testing.T) {
	server := dynamotest.Start(t)
	fewerChecks(t, 10)
	checkBookings(t, dynamo.New(dynamo.Config{Client: server.Client(), Table: server.NewTable(t), Timeout: 30 * time.Second}))
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

// checkBookings drives clients of one quota, whose clocks differ, whose views
// are stale, whose writes arrive late, twice or without a reply, over any
// table. Every write is held to the rules as it is made, and in the end all
// that started to what the quota allowed.
func checkBookings(t *testing.T, table store.Table) {
	t.Run("nothing is given back", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			f := newFleet(rt, table)
			rt.Repeat(f.actions())
			f.ordered(rt)
			f.judge(rt)
		})
	})
	t.Run("with refunds", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			f := newFleet(rt, table)
			f.refunding = true
			rt.Repeat(f.actions())
			f.judge(rt)
		})
	})
	t.Run("with a wrong clock", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			f := newFleet(rt, table)
			f.refunding, f.wild = true, true
			f.wrong.skew = rapid.SampledFrom([]int64{4 * farAhead, -4 * farAhead, 86_400_000}).Draw(rt, "off by")
			rt.Repeat(f.actions())
			f.judge(rt)
			f.open(rt)
		})
	})
}

// fleet is all instances that book on one quota, and what became of it.
type fleet struct {
	table   store.Table
	key     store.Key
	now     int64 // true time, ms
	clients []*client
	late    []*posting // writes under way
	stays   []*stay    // places that were booked, in the order of the store
	last    quota      // as last observed
	limits  [dimensions]int64
	refunds []refund
	room    int64 // the largest burst or cost so far
	share   int64 // the same for batch requests
	// refunding says that something is given back, wild that the client wrong
	// takes part, whose clock is off by more than any honest one.
	refunding, wild bool
	wrong           *client
}

// client is one instance: its clock and what it takes for the state.
type client struct {
	skew    int64
	view    quota
	implied [dimensions]int64
	wrong   bool
}

// stay is one booked request.
type stay struct {
	by      *client
	batch   bool
	cold    bool
	costs   [dimensions]int64
	now     int64 // of its client when it booked
	start   int64 // by its client's clock
	order   int   // of the write
	burst   int64 // that was assumed then
	left    bool
	settled bool
	back    [dimensions]int64 // given back so far
}

// refund is what was given back, between two writes.
type refund struct {
	order int
	ms    [dimensions]int64
}

// posting is a reservation on its way to the table.
type posting struct {
	by     *client
	r      reservation
	in     []*guest
	needs  [][dimensions]int64
	change store.Change
}

var fleets atomic.Int64

func newFleet(t *rapid.T, table store.Table) *fleet {
	f := &fleet{table: table, now: noon, room: records.FullBurst, share: records.FullBurst * batchShare / 100}
	f.wrong = &client{view: quotaOf("g", store.Item{}), wrong: true}
	f.key = store.Key{Partition: "fleet", Sort: fmt.Sprintf("quota#g%d#f", fleets.Add(1))}
	skews := rapid.SampledFrom([]int64{0, 0, 3, -3, 900, -900, 4000, -4000})
	for range rapid.IntRange(2, 5).Draw(t, "clients") {
		f.clients = append(f.clients, &client{skew: skews.Draw(t, "skew"), view: quotaOf("g", store.Item{})})
	}
	if rapid.Bool().Draw(t, "limits known") {
		f.limit(t)
	}
	return f
}

func (f *fleet) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"":           f.observe,
		"time":       f.pass,
		"reserve":    f.reserve,
		"reserve 2":  f.reserve, // more often than the rest
		"reserve 3":  f.reserve,
		"post":       f.post,
		"arrive":     f.arrive,
		"look":       f.look,
		"limit":      f.limit,
		"shrink":     f.shrink,
		"told":       f.told,
		"rest":       f.rest,
		"charge":     f.charge,
		"ticket":     f.ticket,
		"lose reply": f.lose,
	}
	if f.refunding {
		actions["give back"], actions["leave"] = f.giveBack, f.leave
	}
	if f.wild {
		actions["wrong clock"] = f.reserveWrong
	}
	return actions
}

// view is what a client books on.
func (f *fleet) view(c *client) quota { return c.view.or([dimensions]int64{}, f.clock(c)) }

func (f *fleet) client(t *rapid.T) *client { return rapid.SampledFrom(f.clients).Draw(t, "client") }

func (f *fleet) clock(c *client) int64 { return f.now + c.skew }

func (f *fleet) pass(t *rapid.T) {
	f.now += rapid.SampledFrom([]int64{1, 7, 150, 1000, 2999, 3001, 8000, 20_000, 55_000, 130_000}).Draw(t, "ms")
}

// update writes and takes note of what stands before and after.
func (f *fleet) update(t *rapid.T, c store.Change) (before, after store.Item, applied bool) {
	before, _, err := f.table.Get(context.Background(), f.key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.table.Update(context.Background(), f.key, c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return before, r.Item, r.Applied
}

// observe holds the record to what is true at any time.
func (f *fleet) observe(t *rapid.T) {
	item, _, err := f.table.Get(context.Background(), f.key)
	if err != nil {
		t.Fatal(err)
	}
	q := quotaOf("g", item)
	if q.version < f.last.version || q.limit != f.last.limit && q.version == f.last.version {
		t.Fatalf("limits changed without the version: %+v after %+v", q, f.last)
	}
	f.last, f.room, f.share = q, max(f.room, q.burst), max(f.share, q.burst*batchShare/100)
}

// ordered: who has to wait is served before whoever booked later, unless the
// burst has grown meanwhile, or what was only assumed has turned out otherwise.
func (f *fleet) ordered(t *rapid.T) {
	for i, a := range f.stays {
		for _, b := range f.stays[i+1:] {
			if a.start > a.now && b.start < a.start && b.burst <= a.burst && !a.cold {
				t.Fatalf("booked to start at %d, the one after it at %d", a.start, b.start)
			}
		}
	}
}

// judge adds up what started between any two moments of true time: no more
// than the time between them refills, the burst, and what idle and skew may
// hide; and of the batch requests no more than their share of that. What was
// given back between the first and the last of these bookings had been booked
// and was not used.
func (f *fleet) judge(t *rapid.T) {
	skews := []int64{}
	for _, c := range f.clients {
		skews = append(skews, c.skew)
	}
	hidden := idle + slices.Max(skews) - slices.Min(skews)
	started := slices.DeleteFunc(slices.Clone(f.stays), func(s *stay) bool { return s.left })
	slices.SortFunc(started, func(a, b *stay) int { return cmp.Compare(a.start-a.by.skew, b.start-b.by.skew) })
	batch := slices.DeleteFunc(slices.Clone(started), func(s *stay) bool { return !s.batch })
	for d := range dimensions {
		f.within(t, d, started, f.room+hidden)
		f.within(t, d, batch, f.share+hidden)
	}
}

// within holds the sum of one dimension over every span of time to a burst.
func (f *fleet) within(t *rapid.T, d dimension, started []*stay, burst int64) {
	for i, from := range started {
		sum, first, last := int64(0), from.order, from.order
		for _, to := range started[i:] {
			sum += to.costs[d]
			first, last = min(first, to.order), max(last, to.order)
			span := (to.start - to.by.skew) - (from.start - from.by.skew)
			if allowed := span + burst + f.given(d, first, last); sum > allowed {
				t.Fatalf("%d ms of %s started within %d ms, allowed are %d (of %d requests, batch %v)",
					sum, attrAt[d], span, allowed, len(started), from.batch)
			}
		}
	}
}

// given is what was given back between two writes.
func (f *fleet) given(d dimension, first, last int) (ms int64) {
	for _, r := range f.refunds {
		if first < r.order && r.order <= last {
			ms += r.ms[d]
		}
	}
	return ms
}
