package pool

import (
	"cmp"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// A quota is what all instances together have booked of a quota group's
// limits for one model family. It is GCRA (the generic cell rate algorithm):
// each dimension is one absolute time, its theoretical arrival time, by which
// everything booked so far will have been refilled. The further it lies in
// the future, the emptier the provider's bucket; a time in the past means
// full. One number instead of a level and a timestamp is what makes a
// reservation a single conditional addition, a start in the future a matter
// of arithmetic, and knowledge from response headers a maximum.
type quota struct {
	group string
	// at are the theoretical arrival times, ms since epoch; 0 when never booked.
	at [dimensions]int64
	// limit is per minute; 0 means unknown, and then nothing is charged.
	limit [dimensions]int64
	// burst is how many ms of refill the provider's bucket is taken to hold.
	burst int64
	// version is part of every reservation's condition. It changes with the
	// limits, so that no reservation priced with old ones goes through.
	version int64
	// headersAt is the time of the newest limit header applied, or of the first
	// answer that had none; 0 while nobody has been answered.
	headersAt int64
	// batchAt is the arrival time of the batch requests that wait.
	batchAt int64
	// booked counts the reservations ever made.
	booked int64
	// cold says that nothing is known of the limits; those above are assumed.
	cold bool
	// wild marks arrival times that no honest clock has written; those above
	// are 0.
	wild [dimensions]bool

	// seen is when this instance saw all that, and pace how many reservations a
	// millisecond all instances made between this view and the one before.
	seen int64
	pace float64
}

// dimension is what a provider counts, as an index.
type dimension int

const (
	requests dimension = iota
	input              // tokens, as they count against the quota
	output
	dimensions
)

const (
	// leastBurst is as far as refusals without explanation can shrink it.
	leastBurst = 3_000
	// idle is how far behind the present an arrival time may be and still be
	// added to. It spares a busy bucket the change of branch, at the price of
	// booking at most that much twice.
	idle = 3_000
	// A quota of which nothing is known yet is taken for one of coldLimit
	// requests a minute with a burst of coldBurst ms, until the first answer
	// tells: a thousand requests at once are not all sent to find that out.
	coldLimit = 600
	coldBurst = 3_000
	// farAhead, in ms, is further in the future than anybody books. A time beyond
	// it was written by a clock that is wrong, or ours has been set back; held
	// to, it would close the quota to everybody until then.
	farAhead = 30 * minute
	// minute is what limits are per.
	minute = 60_000
	// mostUnits is what no request takes. A count beyond it, which a client may
	// name, must not overflow: a negative cost would be a refund.
	mostUnits = 1_000_000_000
)

// The attributes of each dimension.
var (
	attrAt    = [dimensions]string{records.AttrRequestsAt, records.AttrInputAt, records.AttrOutputAt}
	attrLimit = [dimensions]string{records.AttrRequestsLimit, records.AttrInputLimit, records.AttrOutputLimit}
)

func quotaOf(group string, i store.Item) quota {
	q := quota{
		group: group, burst: i.Int(records.AttrBurst), version: i.Int(records.AttrVersion),
		headersAt: i.Int(records.AttrHeadersAt), booked: i.Int(records.AttrBooked), batchAt: i.Int(records.AttrBatchAt),
	}
	for d := range dimensions {
		q.at[d], q.limit[d] = i.Int(attrAt[d]), i.Int(attrLimit[d])
	}
	q.burst = cmp.Or(q.burst, records.FullBurst)
	return q
}

// or is the quota with the operator's limits where the provider has told none.
// With neither it is cold. Times that lie too far ahead are left out.
func (q quota) or(configured [dimensions]int64, now int64) quota {
	for d := range dimensions {
		if q.limit[d] <= 0 {
			q.limit[d] = configured[d]
		}
		if q.wild[d] = q.at[d] > now+farAhead; q.wild[d] {
			q.at[d] = 0
		}
	}
	if q.batchAt > now+farAhead {
		q.batchAt = 0
	}
	if q.headersAt == 0 && q.limit == [dimensions]int64{} {
		q.cold, q.burst, q.limit[requests] = true, coldBurst, coldLimit
	}
	return q
}

// since is the view with what it tells of the pace since an earlier one.
func (q quota) since(old quota, now int64) quota {
	q.seen, q.pace = now, old.pace
	if took := now - old.seen; old.seen > 0 && took >= paceSpan && q.booked >= old.booked {
		q.pace = float64(q.booked-old.booked) / float64(took)
	}
	return q
}

// paceSpan is how long a pace must have been observed, in ms.
const paceSpan = 1_000

// busy reports whether a dimension's arrival time is to be added to and not
// set: when it is not behind floor or, if the view is old, when at the pace
// seen it will have grown since. The write verifies either guess.
func (q quota) busy(d dimension, now, floor, cost int64) bool {
	return q.at[d] >= floor || now-q.seen > paceSpan && q.pace*float64(cost) > busyShare && q.pace*idle > 1
}

// busyShare is the share of the time that a bucket is in use, from which on an
// old view is better taken for one of a busy bucket.
const busyShare = 0.4

// raised is the quota with its arrival times no earlier than those implied.
func (q quota) raised(implied [dimensions]int64) quota {
	for d := range dimensions {
		q.at[d] = max(q.at[d], implied[d])
	}
	return q
}

// cost is the time in ms that the quota needs to refill what n units take;
// rounded up, so that rounding never gives quota away.
func (q quota) cost(d dimension, n int64) int64 {
	if q.limit[d] <= 0 || n <= 0 {
		return 0
	}
	return (min(n, mostUnits)*minute-1)/q.limit[d] + 1
}

// costs prices what a request needs.
func (q quota) costs(needs [dimensions]int64) (costs [dimensions]int64) {
	for d := range dimensions {
		costs[d] = q.cost(d, needs[d])
	}
	return costs
}

// room is how much of a dimension's burst a booking of that cost may use: at
// least its own cost, or a request larger than the bucket could never start.
func (q quota) room(cost int64) int64 { return max(q.burst, cost) }

// start is when a request with these costs could begin, were it booked now.
func (q quota) start(now int64, costs [dimensions]int64) int64 {
	start := now
	for d := range dimensions {
		if q.limit[d] > 0 {
			start = max(start, q.at[d]+costs[d]-q.room(costs[d]))
		}
	}
	return start
}

// free is the free share of a dimension, 0 to 1.
func (q quota) free(d dimension, now int64) float64 {
	if q.limit[d] <= 0 {
		return 1
	}
	return max(0, 1-float64(max(0, q.at[d]-now))/float64(q.burst))
}

// headroom is the free share of the tightest dimension.
func (q quota) headroom(now int64) float64 {
	return min(q.free(requests, now), q.free(input, now), q.free(output, now))
}

// level is how many units of a dimension could be used at once now; negative
// when bookings reach into the future.
func (q quota) level(now int64, d dimension) int64 {
	return (now + q.burst - max(now, q.at[d])) * q.limit[d] / minute
}
