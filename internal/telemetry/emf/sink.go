// Package emf writes events as log lines from which CloudWatch makes metrics:
// JSON in its embedded metric format, one line each on the standard output of
// a Lambda function. A request has one line, which is its log line and its
// metrics in one.
//
// # What it costs
//
// CloudWatch asks $0.30 a month for each combination of metric and dimension
// values, more than the compute of a quiet stack. So most metrics are totals,
// and what has many values (client, model, key, request) stands beside them as
// fields, which Logs Insights searches. A fleet makes at most
//
//	26 totals + Pools + 2·Pools·Classes + 2·Groups + Keys
//
// series: 47 or $14.10 for one pool of four keys in four groups that meets four
// kinds of refusals (telemetry.Fleet computes it). That is an upper bound:
// CloudWatch counts by the hour and only series that had a value in it, so zeros
// are left out of the lines.
//
// The line of an answered request has about 1.3 KB, which CloudWatch Logs takes
// in for $0.50 a GB: $0.65 for a million requests.
//
// # Format
//
// The format is CloudWatch's "Specification: Embedded metric format" (AWS docs);
// package emftest checks lines strictly by it.
package emf

import (
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what a Sink is made of.
type Config struct {
	// Out takes each event's lines in one Write; it is os.Stdout on Lambda.
	// Required.
	Out io.Writer
	// Namespace of the metrics; empty means "Fallow". Stacks in one account
	// need one each, or their figures are added up.
	Namespace string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Sink writes events. It is safe for concurrent use. An error of Out is
// ignored: there is nobody left to tell.
type Sink struct {
	cfg     Config
	started atomic.Bool // the first request is over
	scratch sync.Pool   // of *lines

	mu sync.Mutex // one line at a time
}

var _ telemetry.Sink = (*Sink)(nil)

// New makes a sink.
func New(cfg Config) *Sink {
	cfg.Namespace = cmp.Or(cfg.Namespace, "Fallow")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sink{cfg: cfg, scratch: sync.Pool{New: func() any { return new(lines) }}}
}

// Observe implements telemetry.Sink.
func (s *Sink) Observe(_ context.Context, e telemetry.Event) {
	l := s.scratch.Get().(*lines)
	defer s.scratch.Put(l)
	l.reset(s.cfg.Namespace, s.cfg.Now())
	switch e := e.(type) {
	case telemetry.Request:
		l.request(e, !s.started.Swap(true))
	case telemetry.Cooldown:
		l.cooldown(e)
	case telemetry.Rebalance:
		l.rebalance(e)
	case telemetry.StoreTrouble:
		l.storeTrouble(e)
	case telemetry.Content:
		e.Model = clip(e.Model, maxText) // the client chooses it
		l.longest = maxContent
		l.event(e)
	default:
		l.event(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.cfg.Out.Write(l.out)
}
