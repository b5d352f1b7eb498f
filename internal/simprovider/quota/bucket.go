// Package quota is the limiter of the simulated provider: token buckets that
// refill continuously, one set for each organisation and model family.
//
// It follows what Anthropic documents of its limits (api/rate-limits): no
// fixed minute window, a bucket as large as one minute's allowance, and output
// counted as it is produced rather than reserved.
package quota

import (
	"math"
	"time"
)

// bucket is one token bucket. Its level may be below zero: output that is
// already being written cannot be refused, so it becomes a debt.
type bucket struct {
	perMinute float64 // the refill in one minute
	holds     float64 // the minutes' refill that it has room for, usually 1
	level     float64
	at        time.Time // when level was true
}

func newBucket(perMinute int64, holds float64, now time.Time) bucket {
	b := bucket{perMinute: float64(perMinute), holds: holds, at: now}
	b.level = b.capacity()
	return b
}

func (b *bucket) capacity() float64 { return b.perMinute * b.holds }

// refill brings the level up to now. A clock that went backwards refills
// nothing and does not move the bucket back, or the same minute would be
// credited twice.
func (b *bucket) refill(now time.Time) {
	elapsed := now.Sub(b.at)
	if elapsed <= 0 {
		return
	}
	b.level = min(b.capacity(), b.level+elapsed.Minutes()*b.perMinute)
	b.at = now
}

// charge takes n, or gives -n back; the bucket must be refilled. What is given
// back never fills it beyond its capacity.
func (b *bucket) charge(n int64) { b.level = min(b.capacity(), b.level-float64(n)) }

// has reports whether n may be taken; the bucket must be refilled.
func (b *bucket) has(n int64) bool { return b.level >= float64(n) }

// wait is how long a refilled bucket needs until it holds n. What it can never
// hold is answered with the time until it is full, which is the best a
// provider can say about it.
func (b *bucket) wait(n int64) time.Duration {
	missing := min(float64(n), b.capacity()) - b.level
	if missing <= 0 {
		return 0
	}
	if b.perMinute <= 0 {
		return time.Minute
	}
	return time.Duration(math.Ceil(missing / b.perMinute * float64(time.Minute)))
}

// resize changes the allowance, keeping what is left of the level.
func (b *bucket) resize(perMinute float64) {
	b.perMinute = perMinute
	b.level = min(b.level, b.capacity())
}
