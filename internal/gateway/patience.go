package gateway

import (
	"net/http"
	"strconv"
	"time"
)

// patience is how long a client is kept waiting for a provider in trouble when
// it does not say how long it will wait. SDKs wait ten minutes; people do not.
const patience = 30 * time.Second

// remaining is how much longer the client may be kept waiting: until the
// request's deadline, or the time-out that its SDK names, or our own patience.
func (x *exchange) remaining() time.Duration {
	if x.ctx().Err() != nil {
		return 0
	}
	left := patience
	if seconds, err := strconv.ParseFloat(x.r.Header.Get("X-Stainless-Timeout"), 64); err == nil && seconds > 0 && seconds < patience.Seconds() {
		left = time.Duration(seconds * float64(time.Second))
	}
	left -= x.g.cfg.Now().Sub(x.began)
	if deadline, ok := x.ctx().Deadline(); ok {
		left = min(left, deadline.Sub(x.g.cfg.Now()))
	}
	return left
}

// clientRetry is how often the client's SDK has sent the request before. Its
// tries multiply with ours.
func clientRetry(r *http.Request) int {
	n, err := strconv.Atoi(r.Header.Get("X-Stainless-Retry-Count"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
