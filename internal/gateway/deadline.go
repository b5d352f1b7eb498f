package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// HeaderDeadline is the request header by which a client says how long it waits
// for its answer to begin, such as "20s", counted from the request's arrival.
//
// A moment would say the same only as far as the client's clock and ours agree,
// and could not stand among the default headers of an SDK.
const HeaderDeadline = "X-Fallow-Deadline"

// sdkTimeouts are the headers by which OpenAI's and Anthropic's SDKs say how many
// seconds they wait for a sign of life: those for JavaScript by the first, those
// for Python by the second.
var sdkTimeouts = []string{"X-Stainless-Timeout", "X-Stainless-Read-Timeout"}

// patience is how long a client is kept waiting for a provider in trouble,
// whatever it says. SDKs wait ten minutes; people do not.
const patience = 30 * time.Second

// maxSDKTimeout is where a figure stops being a wish.
const maxSDKTimeout = 24 * time.Hour

// readDeadline finds the moment after which the client no longer wants its
// answer to begin: the earliest that it, its SDK or our surroundings (Lambda's
// remaining time) name. Nothing is booked, sent or waited for beyond it; an
// answer that has begun goes on.
func (x *exchange) readDeadline() error {
	if at, ok := x.ctx().Deadline(); ok {
		x.notAfter(at)
	}
	for _, name := range sdkTimeouts {
		// SDKs write what they are set to, which may be no number or none of use.
		seconds, err := strconv.ParseFloat(x.r.Header.Get(name), 64)
		if err == nil && seconds > 0 && seconds < maxSDKTimeout.Seconds() {
			x.notAfter(x.began.Add(time.Duration(seconds * float64(time.Second))))
		}
	}
	text := x.r.Header.Get(HeaderDeadline)
	if text == "" {
		return nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait <= 0 {
		return badHeader("invalid_deadline", fmt.Sprintf("%s is the time that you wait for an answer to begin, a number and its unit such as 20s or 1500ms, and more than 0.", HeaderDeadline))
	}
	x.notAfter(x.began.Add(wait))
	return nil
}

func (x *exchange) notAfter(at time.Time) {
	if x.deadline.IsZero() || at.Before(x.deadline) {
		x.deadline = at
	}
}

// within is how much of d the client's deadline leaves.
func (x *exchange) within(d time.Duration) time.Duration {
	if x.deadline.IsZero() {
		return d
	}
	return max(0, min(d, x.deadline.Sub(x.g.cfg.Now())))
}

// late reports whether the client no longer waits.
func (x *exchange) late() bool { return x.ctx().Err() != nil || x.within(1) == 0 }

// remaining is how much longer the client may be kept waiting for a provider in
// trouble.
func (x *exchange) remaining() time.Duration {
	if x.late() {
		return 0
	}
	return x.within(patience - x.g.cfg.Now().Sub(x.began))
}

// inTime is the context for what must be done by the client's deadline.
func (x *exchange) inTime() (context.Context, context.CancelFunc) {
	if x.deadline.IsZero() {
		return x.ctx(), func() {}
	}
	return context.WithDeadline(x.ctx(), x.deadline)
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
