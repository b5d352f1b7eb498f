package gateway

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// maxSends bounds the calls made for one request to one target. SDKs try
	// three times by themselves, so this multiplies.
	maxSends = 8
	// hurriedTroubles bounds those that fail by the provider's own fault when
	// another target follows: its client is better served there than by waiting.
	hurriedTroubles = 2
	// longestPause is how long we wait for a provider in trouble. One that asks
	// for more is left to the next target, or to the client's own retry.
	longestPause = 2 * time.Second
)

// answer tries the targets in order until one takes the request: until its
// first content is here, or for a whole answer all of it. What it returns is
// fit to be relayed; nothing has been sent to the client yet.
func (g *Gateway) answer(x *exchange, req request, targets []target) (*answered, error) {
	var failure error
	onHold := map[string]bool{} // by provider
	for _, t := range targets {
		provider := g.cfg.Document.Pools[t.pool].Provider
		if onHold[provider] {
			continue // a hold is not walked round with another of its keys
		}
		a, err := g.tryTarget(x, req, t)
		if err == nil {
			return a, nil
		}
		failure = worse(failure, err)
		if x.late() || !triesNextTarget(err) {
			break
		}
		onHold[provider] = isHold(err)
	}
	return nil, failure
}

// tryTarget asks one pool for the answer.
func (g *Gateway) tryTarget(x *exchange, req request, t target) (*answered, error) {
	call, err := req.encode(t.Dialect, t.model)
	if own, ok := req.(answerer); ok && errors.Is(err, errNoSuchAPI) {
		return &answered{reply: provider.Reply{Body: own.answer(g.ratios, t)}}, nil
	}
	if err != nil {
		return nil, err
	}
	if x.dropped = call.Dropped; t.strict && len(x.dropped) > 0 {
		return nil, unsupportedParams(x.dropped)
	}
	try, err := g.trouble.Begin(overload.Target{Pool: t.pool, Model: t.model}, clientRetry(x.r))
	if err != nil {
		return nil, err
	}
	return g.tryKeys(x, t, call, x.wants(req, t), try)
}

// tryKeys makes the call with as many of the pool's keys as it takes.
func (g *Gateway) tryKeys(x *exchange, t target, call *provider.Call, want pool.Want, try *overload.Try) (*answered, error) {
	var failure error
	troubles := 0
	for range maxSends {
		a, err := g.attempt(x, t, call, want)
		if err == nil {
			try.Accepted()
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
			wait, again, _ := try.Next(upstream.AsFault(err), x.remaining())
			if troubles++; !t.last && troubles >= hurriedTroubles {
				return nil, err
			}
			if !again || !pause(x.ctx(), wait) {
				return nil, err
			}
		}
	}
	return nil, failure
}

// wants describes a request to the pool of a target.
func (x *exchange) wants(req request, t target) pool.Want {
	return pool.Want{
		Model: t.model, Family: cmp.Or(x.surface.family, t.Dialect.Family(t.model)),
		Conversation: conversation(x, req), Tried: x.barred(t),
		Input: x.estimate(t, req), Output: req.maxOutput(), Batch: x.event.Batch,
	}
}

// conversation is what a request's turns have in common.
func conversation(x *exchange, req request) string {
	for _, name := range sessionHeaders {
		if session := x.r.Header.Get(name); session != "" {
			return session
		}
	}
	return req.conversation()
}

// pause waits; it reports false when the request is over.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
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
	pool    string
	booking *pool.Booking  // nil when we answered ourselves
	kept    bool           // the provider keeps it, under the key's account
	reply   provider.Reply // of a whole answer
	stream  *openStream    // of a streamed one
}

// close ends the call and notes what it consumed, as far as is known.
func (a *answered) close(x *exchange) {
	x.event.Usage = a.reply.Usage
	if a.stream != nil {
		x.event.Usage = a.stream.chunks.Usage()
		a.stream.close()
	}
}
