package simulation

import "time"

// drip is a limit over a burst shorter than the bucket's, kept as the moment
// at which it is completely free again.
type drip struct {
	perMinute float64
	burst     time.Duration
	free      time.Time
}

// wait is how long until n more pass. What is larger than the whole burst
// passes when nothing else is under way, or it never would.
func (d *drip) wait(n int64, now time.Time) time.Duration {
	ahead := max(0, d.free.Sub(now))
	return max(0, ahead+min(d.cost(n), d.burst)-d.burst)
}

func (d *drip) take(n int64, now time.Time) {
	if d.free.Before(now) {
		d.free = now
	}
	d.free = d.free.Add(d.cost(n))
}

func (d *drip) cost(n int64) time.Duration {
	return time.Duration(float64(n) / d.perMinute * float64(time.Minute))
}
