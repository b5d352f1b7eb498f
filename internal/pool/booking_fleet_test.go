package pool

import (
	"context"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// draft draws some requests and makes the reservation of those that find room.
func (f *fleet) draft(t *rapid.T, c *client, tries int) *posting {
	p, now, view := &posting{by: c}, f.clock(c), f.view(c)
	batch := rapid.IntRange(0, 3).Draw(t, "batch") == 0
	patience := rapid.SampledFrom([]int64{0, 500, 30_000, 120_000}).Draw(t, "patience")
	sizes := rapid.SampledFrom([]int64{0, 1, 500, 4000, 12_000, 30_000, 90_000})
	needs := map[*guest][dimensions]int64{}
	var guests []*guest
	for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "together") {
		need := [dimensions]int64{1, sizes.Draw(t, "tokens"), 0}
		g := &guest{b: &Booking{want: Want{Batch: batch}}, costs: view.costs(need)}
		start := g.b.want.share(view).raised(c.implied).start(now, g.costs)
		if start > now+patience || batch && start > now {
			continue // shed, or into the line
		}
		if start > now {
			g.delay = min(start-now+int64(tries)*lenience.Milliseconds(), patience)
		}
		guests, needs[g] = append(guests, g), need
	}
	if len(guests) == 0 {
		return nil
	}
	p.r, p.in = gather(view, c.implied, f.owed(t), time.UnixMilli(now), guests)
	for _, g := range p.in {
		p.needs = append(p.needs, needs[g])
	}
	var fits bool
	p.change, fits = p.r.change(view)
	if !fits {
		return nil
	}
	return p
}

// owed draws corrections that go along with a reservation.
func (f *fleet) owed(t *rapid.T) (owed [dimensions]int64) {
	if !rapid.Bool().Draw(t, "owes") {
		return owed
	}
	least := int64(0)
	if f.refunding {
		least = -3000
	}
	for d := range dimensions {
		owed[d] = rapid.Int64Range(least, 3000).Draw(t, "owed")
	}
	return owed
}

// reserve books at once, and again from the exact state while it loses.
func (f *fleet) reserve(t *rapid.T) {
	c := f.client(t)
	for tries := range 3 {
		p := f.draft(t, c, tries)
		if p == nil || f.deliver(t, p, true) {
			return
		}
	}
}

// post sends a reservation that arrives later.
func (f *fleet) post(t *rapid.T) {
	if p := f.draft(t, f.client(t), 0); p != nil {
		f.late = append(f.late, p)
	}
}

// arrive lets a late write arrive; it may have been sent twice.
func (f *fleet) arrive(t *rapid.T) {
	if len(f.late) == 0 {
		t.Skip("nothing under way")
	}
	i := rapid.IntRange(0, len(f.late)-1).Draw(t, "which")
	p := f.late[i]
	f.late = slices.Delete(f.late, i, i+1)
	if rapid.Bool().Draw(t, "twice") {
		f.deliver(t, p, false)
	}
	f.deliver(t, p, true)
}

// lose makes a reservation whose client never hears of it, or crashes before
// it sends: what it booked may only be missing from what starts.
func (f *fleet) lose(t *rapid.T) {
	if p := f.draft(t, f.client(t), 0); p != nil {
		f.deliver(t, p, false)
	}
}

// deliver makes the write of a posting and seats its guests if they hear of it.
func (f *fleet) deliver(t *rapid.T, p *posting, heard bool) bool {
	before, item, applied := f.update(t, p.change)
	after := quotaOf("g", item)
	if heard {
		p.by.view = after
	}
	after = after.or([dimensions]int64{}, p.r.now)
	if !applied {
		return false
	}
	f.written(t, p, before, after)
	f.forget(p, before)
	if !heard || p.by.wrong {
		return true
	}
	p.r.seat(after, p.in)
	for _, g := range p.in {
		if allowed := p.r.now + g.delay; g.b.start.UnixMilli() > allowed {
			t.Fatalf("starts at %d, allowed was %d", g.b.start.UnixMilli(), allowed)
		}
		s := &stay{by: p.by, batch: p.r.batch, cold: after.cold, costs: g.costs, now: p.r.now, start: g.b.start.UnixMilli(), order: len(f.stays) + len(f.refunds), burst: after.burst}
		f.stays = append(f.stays, s)
		for _, cost := range g.costs {
			f.room, f.share = max(f.room, cost), max(f.share, cost)
		}
	}
	return true
}

// written holds a reservation that was applied to what stood before it.
func (f *fleet) written(t *rapid.T, p *posting, before store.Item, after quota) {
	was := quotaOf("g", before).or([dimensions]int64{}, p.r.now)
	for i, g := range p.in {
		if want := was.costs(p.needs[i]); g.costs != want {
			t.Fatalf("priced %v, at the limits in force it costs %v: %+v", g.costs, want, was)
		}
	}
	if until := before.Int("until"); until > p.r.now || before.Int("quarantine") == 1 {
		t.Fatalf("booked at %d within a rest: %v", p.r.now, before)
	}
	for d := range dimensions {
		cost := p.r.costs[d] + p.r.owed[d]
		switch share := max(was.burst*batchShare/100, p.r.largest[d]); {
		case cost < 0:
			t.Fatalf("a reservation takes %d ms of %s back", -cost, attrAt[d])
		case was.wild[d] && cost == 0:
		case was.limit[d] <= 0 || cost == 0:
			if after.at[d] != was.at[d] {
				t.Fatalf("%s moved for nothing: %d after %d", attrAt[d], after.at[d], was.at[d])
			}
		case after.at[d] < was.at[d]+cost:
			t.Fatalf("%s is %d after %d, want at least %d more", attrAt[d], after.at[d], was.at[d], cost)
		case p.r.batch && after.at[d]-max(0, p.r.owed[d]) > p.r.now+share:
			t.Fatalf("%s is %d at %d, and a batch may use %d ms", attrAt[d], after.at[d], p.r.now, share)
		case after.at[d] < p.r.now-idle+cost:
			t.Fatalf("%s is %d, want what was booked at %d to stand there", attrAt[d], after.at[d], p.r.now)
		}
	}
}

// look renews a view.
func (f *fleet) look(t *rapid.T) {
	item, _, err := f.table.Get(context.Background(), f.key)
	if err != nil {
		t.Fatal(err)
	}
	f.client(t).view = quotaOf("g", item)
}

// limit lets the provider tell one client of limits.
func (f *fleet) limit(t *rapid.T) {
	f.limits = [dimensions]int64{
		rapid.SampledFrom([]int64{0, 6, 60, 5000}).Draw(t, "requests"),
		rapid.SampledFrom([]int64{0, 8000, 30_000, 450_000}).Draw(t, "input"),
		rapid.SampledFrom([]int64{0, 8000}).Draw(t, "output"),
	}
	c := f.client(t)
	said := told{at: f.clock(c), wild: f.clock(c) + farAhead, limit: f.limits}
	if change, ok := said.limits(c.view); ok {
		if _, item, _ := f.update(t, change); rapid.Bool().Draw(t, "heard") {
			c.view = quotaOf("g", item)
		}
	}
}

// shrink lowers the assumed burst, or lets it grow again.
func (f *fleet) shrink(t *rapid.T) {
	burst := rapid.SampledFrom([]int64{leastBurst, 20_000, records.FullBurst}).Draw(t, "burst")
	f.update(t, store.Change{Do: []store.Assign{store.Set(records.AttrBurst, store.Num(burst)), store.Add(records.AttrVersion, 1)}})
}

// told lets one client hear what is left, truly or as foreign traffic made it.
func (f *fleet) told(t *rapid.T) {
	c := f.client(t)
	said := told{at: f.clock(c), limit: c.view.limit}
	for d, limit := range said.limit {
		said.remaining[d] = rapid.Int64Range(0, limit).Draw(t, "remaining")
	}
	implied := said.implied(c.view)
	for d, at := range implied {
		c.implied[d] = max(c.implied[d], at)
		if said.limit[d] > 0 && rapid.Bool().Draw(t, "written") {
			before, item, _ := f.update(t, drain(dimension(d), at))
			if was, is := quotaOf("g", before).at[d], quotaOf("g", item).at[d]; is < was || is < at {
				t.Fatalf("%s is %d after %d, and headers told %d", attrAt[d], is, was, at)
			}
		}
	}
}

// rest begins a rest of the group, as a refusal does.
func (f *fleet) rest(t *rapid.T) {
	c := f.client(t)
	now := time.UnixMilli(f.clock(c))
	r := rest{Rest: records.Rest{
		Until: f.clock(c) + rapid.SampledFrom([]int64{1, 2500, 40_000}).Draw(t, "for"),
		Set:   f.clock(c), Count: 1,
	}}
	before, item, applied := f.update(t, beginChange(now, r))
	if item.Int("until") < before.Int("until") {
		t.Fatalf("a rest ends earlier than before: %v after %v", item, before)
	}
	if !applied {
		f.update(t, extendChange(item.Int("set_at"), r))
	}
}

// started draws a request that was let go, or one that waits.
func (f *fleet) stay(t *rapid.T, started bool) *stay {
	var some []*stay
	for _, s := range f.stays {
		if !s.left && !s.settled && (s.start <= f.clock(s.by)) == started {
			some = append(some, s)
		}
	}
	if len(some) == 0 {
		t.Skip("none")
	}
	return rapid.SampledFrom(some).Draw(t, "request")
}

// charge settles a request that took more than was booked.
func (f *fleet) charge(t *rapid.T) {
	s := f.stay(t, true)
	s.settled = true
	more := [dimensions]int64{0, rapid.Int64Range(0, 20_000).Draw(t, "input"), rapid.Int64Range(0, 20_000).Draw(t, "output")}
	f.correct(t, s, more)
}

// giveBack settles a request that took less of one and more of another.
func (f *fleet) giveBack(t *rapid.T) {
	s := f.stay(t, true)
	s.settled = true
	more := [dimensions]int64{0, -rapid.Int64Range(0, s.costs[input]).Draw(t, "input"), rapid.Int64Range(0, 20_000).Draw(t, "output")}
	f.correct(t, s, more)
}

// leave gives a place up before its start.
func (f *fleet) leave(t *rapid.T) {
	s := f.stay(t, false)
	s.left = true
	var more [dimensions]int64
	for d, cost := range s.costs {
		more[d] = -cost
	}
	f.correct(t, s, more)
}

// correct writes as Booking.correct does, and loses replies.
func (f *fleet) correct(t *rapid.T, s *stay, more [dimensions]int64) {
	c := correction{now: f.clock(s.by), more: more}
	for range correctTries {
		change, ok := c.change(f.view(s.by))
		if !ok {
			return
		}
		fate := rapid.SampledFrom([]string{"well", "well", "lost", "never arrived"}).Draw(t, "fate")
		applied, failed := false, fate != "well"
		if fate != "never arrived" {
			var before, item store.Item
			before, item, applied = f.update(t, change)
			f.corrected(t, s, c, quotaOf("g", before), quotaOf("g", item), applied)
			if !failed {
				s.by.view = quotaOf("g", item)
			}
		}
		if failed {
			c = c.charges()
		} else if applied {
			return
		}
	}
}

// corrected holds a correction to what it may take back, and notes it.
func (f *fleet) corrected(t *rapid.T, s *stay, c correction, was, is quota, applied bool) {
	back := refund{order: len(f.stays) + len(f.refunds)}
	for d := range dimensions {
		down := was.at[d] - is.at[d]
		switch {
		case !applied && down != 0:
			t.Fatalf("%s changed from %d to %d without a write", attrAt[d], was.at[d], is.at[d])
		case c.more[d] > 0 && applied && was.limit[d] > 0 && f.view(s.by).limit[d] > 0 && is.at[d] < max(was.at[d], c.now-idle)+c.more[d]:
			t.Fatalf("%s is %d after %d at %d, want a charge of %d to stand there", attrAt[d], is.at[d], was.at[d], c.now, c.more[d])
		case down > 0:
			back.ms[d] = down
			if s.back[d] += down; s.back[d] > s.costs[d] {
				t.Fatalf("%d ms of %s were given back for a booking of %d", s.back[d], attrAt[d], s.costs[d])
			}
		}
	}
	f.refunds = append(f.refunds, back)
}
