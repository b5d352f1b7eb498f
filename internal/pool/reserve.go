package pool

import (
	"slices"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// reservation is one attempt to book room in a quota, for one request or for
// several of one instance that came together.
type reservation struct {
	now   int64             // ms since epoch, by this instance's clock
	costs [dimensions]int64 // of all
	// owed are corrections of earlier requests that are written along, behind
	// all the others; negative when they took less than was booked, and then no
	// more than is booked here: a reservation never lowers an arrival time. A
	// request that has to wait leaves them: they belong into the present.
	owed [dimensions]int64
	// delay is how far in the future the room may lie that the last of them
	// gets; 0 means at once.
	delay [dimensions]int64
	// largest is the highest cost of one of them.
	largest [dimensions]int64
	// implied are arrival times that response headers told this instance: the
	// provider's bucket is at least that empty.
	implied [dimensions]int64
	// batch leaves a share of each burst to those that people wait for.
	batch bool
	// probe says that the request holds the probe lease of the quota's rest.
	probe bool
}

// change makes the write that books the room. The condition verifies what was
// known; a writer who knew wrong loses and gets the exact state back. ok is
// false when what is known says that the room is not there, and nothing need
// be asked.
func (r reservation) change(q quota) (c store.Change, ok bool) {
	if !r.fits(q) {
		return store.Change{}, false
	}
	when := append(make([]store.Cond, 0, 3+2*dimensions), version(q.version))
	when = r.awake(when)
	do := append(make([]store.Assign, 0, 2+dimensions),
		store.Add(records.AttrBooked, 1), store.Set(records.AttrTTL, records.TTL(r.now, records.KeepQuota)))
	for d := range dimensions {
		if q.limit[d] <= 0 {
			continue
		}
		s := r.step(q, d)
		if when = s.conditions(when, attrAt[d]); s.cost != 0 {
			do = append(do, s.effect(attrAt[d]))
		}
	}
	return store.Change{If: store.All(when...), Do: do}, true
}

// fits reports whether the room is there by what is known.
func (r reservation) fits(q quota) bool {
	for d := range dimensions {
		if q.limit[d] > 0 && !r.step(q, d).fits(q.at[d]) {
			return false
		}
	}
	return true
}

// step is a reservation in one dimension. DynamoDB has no max, so there are two
// branches: adding to the arrival time of a busy bucket, and setting that of an
// idle one. Which one is picked from what is known.
type step struct {
	cost int64
	add  bool
	// The arrival time must lie between floor and latest to be added to, and at
	// most at base to be set to base+cost; or, if it is wild, beyond far.
	floor, base, latest, far int64
}

func (r reservation) step(q quota, d dimension) step {
	// A request that has to wait, for whichever dimension, is charged where it
	// starts: what it takes of the others would else be forgotten by then.
	begins := r.now + slices.Max(r.delay[:])
	s := step{
		cost:   r.costs[d] + r.owed[d],
		floor:  max(begins-idle, r.implied[d]), // what headers told is exact, and no slack applies
		base:   max(begins, r.implied[d]),
		latest: r.now + r.room(q, d) - r.costs[d] + r.delay[d], // arrival time from which a start is in time
	}
	if s.add = q.busy(d, r.now, s.floor, s.cost); q.wild[d] {
		s.add, s.far = false, r.now+farAhead
	}
	return s
}

// room is how much of a dimension's burst the reservation may use: at least
// what its largest request takes, or that could never start.
func (r reservation) room(q quota, d dimension) int64 {
	if r.batch {
		q.burst = q.burst * batchShare / 100
	}
	return q.room(r.largest[d])
}

// fits reports whether the step would win from an arrival time.
func (s step) fits(at int64) bool {
	if s.add || s.cost == 0 {
		return at <= s.latest
	}
	return s.base <= s.latest
}

func (s step) conditions(when []store.Cond, attr string) []store.Cond {
	switch {
	case s.cost == 0 && s.far > 0:
		return append(when, store.Any(store.Absent(attr), store.Is(attr, store.LE, store.Num(s.latest)), store.Is(attr, store.GT, store.Num(s.far))))
	case s.cost == 0:
		return append(when, store.AbsentOr(attr, store.LE, store.Num(s.latest)))
	case s.add:
		return append(when, store.Is(attr, store.GE, store.Num(s.floor)), store.Is(attr, store.LE, store.Num(s.latest)))
	case s.far > 0:
		return append(when, store.Is(attr, store.GT, store.Num(s.far)))
	default:
		return append(when, store.AbsentOr(attr, store.LE, store.Num(s.base)))
	}
}

func (s step) effect(attr string) store.Assign {
	if s.add {
		return store.Add(attr, s.cost)
	}
	return store.Set(attr, store.Num(s.base+s.cost))
}

// awake adds the conditions that the quota does not rest.
func (r reservation) awake(when []store.Cond) []store.Cond {
	when = append(when, store.AbsentOr(records.AttrUntil, store.LE, store.Num(r.now)))
	if r.probe {
		return when
	}
	return append(when, store.AbsentOr(records.AttrQuarantine, store.EQ, records.Flag(false)))
}

// version is the condition that the limits are those a price was made with.
func version(v int64) store.Cond {
	if v == 0 {
		return store.Absent(records.AttrVersion)
	}
	return store.Is(records.AttrVersion, store.EQ, store.Num(v))
}

// rooms is how much of each burst a request with these costs may use, after it
// was booked; 0 where there is no limit.
func (r reservation) rooms(after quota, costs [dimensions]int64) (rooms [dimensions]int64) {
	r.largest = costs
	for d := range dimensions {
		if after.limit[d] > 0 {
			rooms[d] = r.room(after, d)
		}
	}
	return rooms
}

// begins is when a booked request may start.
func (b *Booking) begins(now int64) int64 {
	start := now
	for d, room := range b.room {
		if room > 0 {
			start = max(start, b.tail[d]-room)
		}
	}
	return start
}
