package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// maxSends bounds the calls made for one request to one target. SDKs try
	// three times by themselves, so this multiplies.
	maxSends = 8
	// maxTroubles bounds those after a fault that is nobody's key's (overload,
	// 5xx, time-outs): trying longer only adds load to a provider in trouble.
	maxTroubles = 3
)

// answer tries the targets in order until one takes the request: until its
// first content is here, or for a whole answer all of it. What it returns is
// fit to be relayed; nothing has been sent to the client yet.
func (g *Gateway) answer(x *exchange, req *chat.Request, targets []target) (*answered, error) {
	var failure error
	for _, t := range targets {
		a, err := g.tryTarget(x, req, t)
		if err == nil {
			return a, nil
		}
		failure = worse(failure, err)
		if x.ctx().Err() != nil || !triesNextTarget(err) {
			break
		}
	}
	return nil, failure
}

// tryTarget asks one pool for the answer, with as many of its keys as it takes.
func (g *Gateway) tryTarget(x *exchange, req *chat.Request, t target) (*answered, error) {
	call, err := t.Dialect.EncodeChat(req, t.model)
	if err != nil {
		return nil, err
	}
	x.dropped = call.Dropped
	want := pool.Want{
		Model: t.model, Family: t.Dialect.Family(t.model),
		Conversation: conversation(x, req), Tried: map[string]bool{},
	}
	var failure error
	for sends, troubles := 0, 0; sends < maxSends && troubles < maxTroubles; sends++ {
		a, err := g.attempt(x, t, call, want)
		if err == nil {
			return a, nil
		}
		var exhausted *pool.ExhaustedError
		if errors.As(err, &exhausted) && failure != nil && exhausted.RetryAfter == 0 {
			return nil, failure // every key was tried: the last refusal says more
		}
		failure = err
		switch next(err) {
		case giveUp:
			return nil, err
		case backOff:
			troubles++
			if troubles < maxTroubles && !g.pause(x.ctx(), troubles) {
				return nil, err
			}
		}
	}
	return nil, failure
}

// conversation is what a request's turns have in common.
func conversation(x *exchange, req *chat.Request) string {
	if session := x.r.Header.Get(HeaderSession); session != "" {
		return session
	}
	return req.Conversation()
}

// step is what to do after a failed attempt at a target.
type step int

const (
	giveUp     step = iota // with this target
	anotherKey             // at once: the fault was the key's
	backOff                // for a moment: the fault was the provider's
)

var steps = map[upstream.Class]step{
	upstream.RateLimit:   anotherKey,
	upstream.Ramp:        anotherKey,
	upstream.Concurrency: anotherKey,
	upstream.FastLimit:   anotherKey,
	upstream.SpendCap:    anotherKey,
	upstream.Billing:     anotherKey,
	upstream.Auth:        anotherKey,
	upstream.Permission:  anotherKey,
	upstream.Encryption:  anotherKey,
	upstream.Provider:    backOff,
	upstream.Overload:    backOff,
	upstream.Connect:     backOff,
	upstream.Truncated:   backOff,
	// Timeout is not here: the client has waited long enough for this target.
	// Hold is not: a provider's hold is not walked round with another key.
}

func next(err error) step {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return steps[f.Class]
	}
	var unreadable *secretError
	if errors.As(err, &unreadable) {
		return anotherKey
	}
	return giveUp
}

// triesNextTarget reports whether another target may do better: not when the
// request itself is at fault. A model unknown here may be known there.
func triesNextTarget(err error) bool {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return f.Class != upstream.Client && f.Class != upstream.Context && f.Class != upstream.TooLarge
	}
	return true
}

// worse keeps the failure to tell the client of when several targets failed:
// one that says when to come back before one that does not, the earlier first.
func worse(a, b error) error {
	var ea, eb *pool.ExhaustedError
	switch {
	case a == nil:
		return b
	case errors.As(a, &ea) && errors.As(b, &eb):
		if eb.RetryAfter > 0 && (ea.RetryAfter == 0 || eb.RetryAfter < ea.RetryAfter) {
			return b
		}
		return a
	case errors.As(a, &ea):
		return a
	default:
		return b
	}
}

// pause waits with full jitter before the n-th retry; false means that the
// client has gone.
func (g *Gateway) pause(ctx context.Context, n int) bool {
	limit := 250 * time.Millisecond << n
	timer := time.NewTimer(time.Duration(g.cfg.Rand() * float64(limit)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answered is a target's answer, ready to be relayed.
type answered struct {
	booking *pool.Booking
	reply   provider.Reply // of a whole answer
	stream  *openStream    // of a streamed one
}

// close ends the call and notes what it consumed.
func (a *answered) close(x *exchange) {
	x.event.Usage = a.reply.Usage
	if a.stream != nil {
		x.event.Usage = a.stream.chunks.Usage()
		a.stream.close()
	}
}
