package pool

import (
	"slices"

	"github.com/fallow-dev/fallow/internal/store"
)

// reservation is one attempt to book room in a quota, for one request or for
// several of one instance that came together.
type reservation struct {
	now   int64             // ms since epoch, by this instance's clock
	costs [dimensions]int64 // of all
	// delay is how far in the future the room may lie that the last of them
	// gets; 0 means at once.
	delay [dimensions]int64
	// largest is the highest cost of one of them.
	largest [dimensions]int64
	// implied are arrival times that response headers told this instance: the
	// provider's bucket is at least that empty.
	implied [dimensions]int64
	// probe says that the request holds the probe lease of the quota's rest.
	probe bool
}

// change makes the write that books the room. Per dimension it picks one of
// two branches from what is known of the quota, because DynamoDB has no max:
// adding to the arrival time of a busy bucket, or setting that of an idle one.
// The condition verifies the pick; a wrong one loses, and its writer gets the
// exact state back. ok is false when what is known says that the room is not
// there, and nothing need be asked.
func (r reservation) change(q quota) (c store.Change, ok bool) {
	when := append([]store.Cond{version(q.version)}, r.awake()...)
	do := []store.Assign{store.Add(attrBooked, 1), store.Set("ttl", store.Num(r.now/1000+keepQuota))}
	for d := range dimensions {
		if q.limit[d] <= 0 {
			continue
		}
		cond, effect, fits := r.book(q, d)
		if !fits {
			return store.Change{}, false
		}
		when = append(when, cond)
		if r.costs[d] > 0 {
			do = append(do, effect)
		}
	}
	return store.Change{If: store.All(when...), Do: do}, true
}

// awake are the conditions that the quota does not rest.
func (r reservation) awake() []store.Cond {
	over := store.Any(store.Absent("until"), store.Is("until", store.LE, store.Num(r.now)))
	if r.probe {
		return []store.Cond{over}
	}
	return []store.Cond{over, store.Any(store.Absent("quarantine"), store.Is("quarantine", store.EQ, flag(false)))}
}

// book is the part of one dimension.
func (r reservation) book(q quota, d dimension) (store.Cond, store.Assign, bool) {
	cost := r.costs[d]
	// A request that has to wait, for whichever dimension, is charged where it
	// starts: what it takes of the others would else be forgotten by then.
	begins := r.now + slices.Max(r.delay[:])
	base := max(begins, r.implied[d])
	busy := max(begins-idle, r.implied[d])                     // what headers told is exact, and no slack applies
	latest := r.now + q.room(r.largest[d]) - cost + r.delay[d] // arrival time from which a start is in time
	if q.at[d] >= busy {
		cond := store.All(
			store.Is(attrAt[d], store.GE, store.Num(busy)),
			store.Is(attrAt[d], store.LE, store.Num(latest)))
		return cond, store.Add(attrAt[d], cost), q.at[d] <= latest
	}
	cond := store.Any(store.Absent(attrAt[d]), store.Is(attrAt[d], store.LE, store.Num(base)))
	return cond, store.Set(attrAt[d], store.Num(base+cost)), base <= latest
}

// version is the condition that the limits are those a price was made with.
func version(v int64) store.Cond {
	if v == 0 {
		return store.Absent(attrVersion)
	}
	return store.Is(attrVersion, store.EQ, store.Num(v))
}

// begins is when a booked request may start, from the state after the write
// and what those behind it in the same write have taken.
func (r reservation) begins(after quota, costs, behind [dimensions]int64) int64 {
	start := r.now
	for d := range dimensions {
		if after.limit[d] > 0 {
			start = max(start, after.at[d]-behind[d]-after.room(costs[d]))
		}
	}
	return start
}

// correction settles what a request really took against what was booked: the
// differences in ms of refill, positive when it took more.
type correction struct {
	now  int64
	more [dimensions]int64
	// tail, if not 0, are the arrival times beyond which nothing is taken back:
	// somebody has booked behind and waits.
	tail [dimensions]int64
}

// change makes the write. Taking more on an idle bucket sets the arrival time,
// as a reservation does; adding to a time long past would be forgotten. ok is
// false when there is nothing to write.
func (c correction) change(q quota) (change store.Change, ok bool) {
	var when []store.Cond
	var do []store.Assign
	for d := range dimensions {
		more := c.more[d]
		switch {
		case q.limit[d] <= 0 || more == 0:
		case more < 0 || q.at[d] >= c.now:
			if more > 0 {
				when = append(when, store.Is(attrAt[d], store.GE, store.Num(c.now)))
			} else if c.tail[d] > 0 {
				when = append(when, store.Is(attrAt[d], store.LE, store.Num(c.tail[d])))
			}
			do = append(do, store.Add(attrAt[d], more))
		default:
			when = append(when, store.Any(store.Absent(attrAt[d]), store.Is(attrAt[d], store.LT, store.Num(c.now))))
			do = append(do, store.Set(attrAt[d], store.Num(c.now+more)))
		}
	}
	if len(when) > 0 {
		change.If = store.All(when...)
	}
	change.Do = do
	return change, len(do) > 0
}

// charges is the correction without its refunds, which may be repeated.
func (c correction) charges() correction {
	for d, more := range c.more {
		c.more[d] = max(0, more)
	}
	return c
}
