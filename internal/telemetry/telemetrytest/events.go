// Package telemetrytest has events that make every metric and every field there
// is, for tests of what is made of them: the catalogue, dashboards, alarms.
package telemetrytest

import (
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Now is when the events happened.
var Now = time.Date(2026, time.November, 22, 9, 30, 0, 0, time.UTC)

// Request is an answered stream with one refusal on its way, all fields set.
func Request() telemetry.Request {
	const target, provider = "claude/claude-sonnet-5", "anthropic"
	return telemetry.Request{
		ID: "req_0123456789abcdef01234567", Client: "review-bot", Model: "review", Route: "review", API: "messages",
		Stream: true, Batch: true, At: Now.Add(-11 * time.Second), Status: 200,
		Target: target, Key: "key-2", Group: "org-1a2b3c4d5e", Provider: provider,
		Bookings: []telemetry.Booking{
			{Pool: "claude", Key: "key-1", Group: "org-1a2b3c4d5e", Result: telemetry.Booked, Began: time.Millisecond, Took: 4 * time.Millisecond},
			{Pool: "claude", Key: "key-2", Group: "org-1a2b3c4d5e", Probe: true, Result: telemetry.Booked, Began: 300 * time.Millisecond, Took: 1500 * time.Millisecond},
		},
		Attempts: []telemetry.Attempt{
			{Target: target, Key: "key-1", Provider: provider, Class: upstream.RateLimit, Began: 5 * time.Millisecond, Took: 290 * time.Millisecond},
			{Target: target, Key: "key-2", Provider: provider, Began: 1800 * time.Millisecond, Took: 700 * time.Millisecond},
		},
		Waited: 1504 * time.Millisecond, FirstToken: 2502 * time.Millisecond, Total: 11 * time.Second,
		Usage: upstream.Usage{InputTokens: 1200, CacheReadTokens: 30_000, CacheWriteTokens: 800, OutputTokens: 640, Exact: true},
		Cost:  25_800,
		Trace: telemetry.Trace{ID: telemetry.TraceID{1, 2, 3}, Parent: telemetry.SpanID{4}, Span: telemetry.SpanID{5}, Sampled: true},
	}
}

// Plain is the commonest request: a stream that the first call answered.
func Plain() telemetry.Request {
	r := Request()
	r.API, r.Batch, r.Trace = "", false, telemetry.Trace{}
	r.Bookings, r.Attempts = r.Bookings[1:], r.Attempts[1:]
	return r
}

// Ended are requests of every outcome.
func Ended() []telemetry.Event {
	end := func(status int, code string, sent bool) telemetry.Event {
		r := Plain()
		r.Status, r.Code, r.FirstToken, r.Cost, r.Usage = status, code, 0, 0, upstream.Usage{}
		if r.Attempts[0].Class = upstream.Provider; !sent {
			r.Attempts, r.Target, r.Key, r.Group = nil, "", "", ""
			r.Bookings = []telemetry.Booking{{Pool: "claude", Result: telemetry.Exhausted, Took: 30 * time.Second}}
		}
		return r
	}
	return []telemetry.Event{
		Plain(), end(200, "upstream_truncated", true), end(499, "client_gone", true), end(429, "pool_exhausted", false),
		end(503, "server_is_overloaded", false), end(400, "invalid_request", false), end(502, "upstream_error", true), end(500, "internal_error", false),
	}
}

// Events are some of every kind, which make every metric.
func Events() []telemetry.Event {
	cooldown := telemetry.Cooldown{
		Pool: "claude", Of: "group", Name: "org-1a2b3c4d5e", Covers: "claude-sonnet", Class: upstream.RateLimit,
		Why: "provider said rate_limit, retry after 20s", Until: Now.Add(20 * time.Second), Quarantine: true, Key: "key-1",
	}
	events := append(Ended(), Request())
	for _, cooldown.Change = range telemetry.Changes() {
		events = append(events, cooldown)
	}
	rebalance := telemetry.Rebalance{
		Took: 120 * time.Millisecond, Moved: 1, Restored: 1, Refused: 1,
		Groups: []telemetry.GroupState{
			{Pool: "claude", Name: "org-1a2b3c4d5e", Headroom: 0.42, HeadroomKnown: true},
			{Pool: "claude", Name: "org-5e4d3c2b1a", Resting: true, Quarantined: true},
		},
		Keys: []telemetry.KeyState{{Pool: "claude", Name: "key-1", Weight: 1}, {Pool: "claude", Name: "key-2", Weight: 0.25, Quarantined: true}},
	}
	failed := rebalance
	failed.Failure = "pool gpt: the table did not answer"
	return append(events, rebalance, failed,
		telemetry.StoreTrouble{Pool: "claude", Operation: "query", Cause: "context deadline exceeded"},
		telemetry.StoreTrouble{Pool: "claude", Operation: "update", Cause: "context deadline exceeded"},
		telemetry.StoreTrouble{Pool: "claude", Recovered: true},
	)
}
