package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// remedy says what rests after a refusal of some class, and for how long.
// Classes without one never count against a key: they are the provider's own
// trouble or the client's.
type remedy struct {
	covers     func(b *Booking) records.Scope
	quarantine bool
	metered    bool // a limit that headers should explain
	silent     bool // and do not
	length     func(f *upstream.Fault, now time.Time, count int64) time.Duration
}

var remedies = map[upstream.Class]remedy{
	upstream.RateLimit:   {covers: family, metered: true, length: asTold},
	upstream.Ramp:        {covers: family, length: asTold},
	upstream.Concurrency: {covers: wholeGroup, length: asTold},
	upstream.Encryption:  {covers: wholeGroup, length: fixed(time.Minute)},
	upstream.Permission:  {covers: keyAndModel, length: fixed(10 * time.Minute)},
	upstream.Auth:        {covers: wholeKey, quarantine: true, length: fixed(5 * time.Minute)},
	upstream.Billing:     {covers: wholeGroup, quarantine: true, length: fixed(10 * time.Minute)},
	upstream.SpendCap:    {covers: wholeGroup, quarantine: true, length: untilDate},
	upstream.Hold:        {covers: wholeGroup, quarantine: true, length: fixed(holdRest)},
}

const (
	// maxRest caps what a provider may ask for, so that a senseless date
	// cannot take a key away for days: after it a request finds out.
	maxRest = 10 * time.Minute
	// maxDay is for a quota that is used up until a named time of day.
	maxDay = 25 * time.Hour
	// A refusal without a time backs off from minBackoff to maxBackoff.
	minBackoff = 5 * time.Second
	maxBackoff = 30 * time.Second
	// holdRest has no end that anybody waits for: an organisation on hold
	// comes back when an operator clears it.
	holdRest = 365 * 24 * time.Hour
	// spendRest is for a spend limit that names no date, maxSpendRest for one
	// that names a distant date: limits end with the month.
	spendRest    = time.Hour
	maxSpendRest = 32 * 24 * time.Hour
)

func wholeKey(b *Booking) records.Scope    { return records.KeyScope(b.Key, records.Everything) }
func keyAndModel(b *Booking) records.Scope { return records.KeyScope(b.Key, b.want.Model) }
func wholeGroup(b *Booking) records.Scope  { return records.GroupScope(b.Group, records.Everything) }
func family(b *Booking) records.Scope      { return records.GroupScope(b.Group, b.want.Family) }

func fixed(d time.Duration) func(*upstream.Fault, time.Time, int64) time.Duration {
	return func(*upstream.Fault, time.Time, int64) time.Duration { return d }
}

// asTold honours the date that a daily quota names, else retry-after; without
// either it backs off exponentially.
func asTold(f *upstream.Fault, now time.Time, count int64) time.Duration {
	if f.Until.After(now) {
		return min(f.Until.Sub(now), maxDay)
	}
	if f.RetryAfter > 0 {
		return min(f.RetryAfter, maxRest)
	}
	return backoff(count)
}

// backoff doubles with each episode without a success between.
func backoff(count int64) time.Duration {
	return min(maxBackoff, minBackoff<<min(max(count, 0), 8))
}

// untilDate waits for the day the provider named.
func untilDate(f *upstream.Fault, now time.Time, _ int64) time.Duration {
	if f.Until.After(now) {
		return min(f.Until.Sub(now), maxSpendRest)
	}
	return spendRest
}

// stretch adds up to a twentieth, at most two seconds: never earlier than told,
// and not all instances in the same millisecond.
func stretch(d time.Duration, rnd float64) time.Duration {
	return d + time.Duration(rnd*float64(min(d/20, 2*time.Second)))
}
