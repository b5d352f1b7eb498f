package telemetry

import (
	"log/slog"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Request is what happened to one client request.
type Request struct {
	ID     string
	Client string
	Model  string // as the client named it
	// Route is the name of the route that the model led to, as in the config
	// document; empty when there was none.
	Route string
	// API is how the client asked, as "messages" or "embeddings"; empty means
	// Chat Completions.
	API string
	// Path is the method and path of a request that nothing here serves, cut to
	// some 200 bytes; empty for all others. It is the client's own: for log lines,
	// and no label of any metric.
	Path   string
	Stream bool
	// Batch says that the request could wait for those that people wait for.
	Batch bool
	// At is when it arrived; zero when nobody noted that.
	At time.Time
	// Status is the HTTP status; 499 when the client left before it had its
	// answer, whatever had been sent by then.
	Status int
	// Code is the error code the client got; empty for a success. With status
	// 200 it tells how a stream broke off.
	Code string
	// Target is "pool/model" and Key the key's name; empty when no provider
	// was reached; they are the last one's. Group is the key's quota group.
	Target, Key, Group string
	// Provider is the kind of the target's pool, as in the config document.
	Provider string
	Bookings []Booking
	Attempts []Attempt
	// Waited is the time spent waiting for room, FirstToken the time from
	// arrival to the first byte of content, Total until the end.
	Waited, FirstToken, Total time.Duration
	Usage                     upstream.Usage
	// Cost is what the answer cost at list prices; 0 when nobody knows.
	Cost prices.Microdollars
	// Trace is where the request stands in a distributed trace; the zero Trace
	// when there is none.
	Trace Trace
}

// Attempt is one call to a provider.
type Attempt struct {
	Target, Key string
	// Provider is the kind of the target's pool, as in the config document.
	Provider string
	// Class is why it failed; empty for the one that answered.
	Class upstream.Class
	// Cause is a word for what the network did, as "refused" or "dns", where
	// Class says only that nothing was answered; empty when nobody knows.
	Cause string
	// Began is when it was sent, counted from the request's arrival.
	Began time.Duration
	// Took is the time to the refusal, the first content of a stream, or the
	// whole of any other answer.
	Took time.Duration
	// Span is what the provider was told as the parent of its own work; zero
	// without a trace.
	Span SpanID
}

// Booking is one search for room in a pool: the wait for it, and what came of it.
type Booking struct {
	Pool string
	// Key and Group are empty when nothing was booked.
	Key, Group string
	// Probe says that the request was to test a quarantined key.
	Probe  bool
	Result BookingResult
	// Began is counted from the request's arrival.
	Began, Took time.Duration
}

// BookingResult is what came of a search for room. The values are stable.
type BookingResult string

// The results.
const (
	Booked    BookingResult = "booked"
	Exhausted BookingResult = "exhausted"   // no key frees in time
	OutOfTime BookingResult = "out_of_time" // the request's own time was over first
)

// BookingResults lists all of them.
func BookingResults() []BookingResult { return []BookingResult{Booked, Exhausted, OutOfTime} }

// ClientGone is the Class of an attempt that nobody's fault ended: the client
// did not wait for it.
const ClientGone upstream.Class = "client_gone"

// AnsweredClass stands in metrics for the empty class of an attempt that answered.
const AnsweredClass = "answered"

// PoolOf is the pool of a target, "none" for an empty one.
func PoolOf(target string) string {
	pool, _ := cutTarget(target)
	return pool
}

// ModelOf is the upstream model of a target, "none" for an empty one.
func ModelOf(target string) string {
	_, model := cutTarget(target)
	return model
}

// None stands in metrics for what a request did not get to.
const None = "none"

func cutTarget(target string) (pool, model string) {
	pool, model, ok := strings.Cut(target, "/")
	if !ok || pool == "" || model == "" {
		return None, None
	}
	return pool, model
}

// IsLimit reports whether an attempt met one of the provider's limits: the
// refusals that Fallow is there to avoid.
func (a Attempt) IsLimit() bool {
	switch a.Class {
	case upstream.RateLimit, upstream.Ramp, upstream.Concurrency, upstream.FastLimit:
		return true
	}
	return false
}

// Limits counts the attempts that met a limit.
func (r Request) Limits() int {
	n := 0
	for _, a := range r.Attempts {
		if a.IsLimit() {
			n++
		}
	}
	return n
}

// Duration is how long attempt i lasted: that of the stream which the client
// was served from goes on until the end of the request.
func (r Request) Duration(i int) time.Duration {
	a := r.Attempts[i]
	if r.Stream && a.Class == "" && i == len(r.Attempts)-1 {
		return max(a.Took, r.Total-a.Began)
	}
	return a.Took
}

// Overhead is what Fallow itself added to the time to the first content, waits
// for room left out. It is known only of requests that took one attempt: before
// another there is a pause that belongs to the provider.
func (r Request) Overhead() (d time.Duration, known bool) {
	if len(r.Attempts) != 1 || r.FirstToken == 0 || r.Attempts[0].Class != "" {
		return 0, false
	}
	return max(0, r.FirstToken-r.Waited-r.Attempts[0].Took), true
}

// Line implements Event.
func (r Request) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	outcome := r.Outcome()
	dst = append(dst,
		slog.String("request_id", r.ID), slog.String("outcome", string(outcome)),
		slog.String("client", r.Client), slog.String("model", r.Model),
		slog.Bool("stream", r.Stream), slog.Int("status", r.Status),
		slog.String("target", r.Target), slog.String("key", r.Key), slog.String("group", r.Group),
		slog.Int("attempts", len(r.Attempts)), slog.Int64("wait_ms", r.Waited.Milliseconds()),
		slog.Int64("first_token_ms", r.FirstToken.Milliseconds()), slog.Int64("total_ms", r.Total.Milliseconds()),
		slog.Int64("input_tokens", r.Usage.InputTokens), slog.Int64("output_tokens", r.Usage.OutputTokens),
		slog.Int64("cache_read_tokens", r.Usage.CacheReadTokens), slog.Int64("cache_write_tokens", r.Usage.CacheWriteTokens),
		slog.Bool("usage_exact", r.Usage.Exact),
	)
	return levels[outcome], "request", r.seldom(dst)
}

// seldom adds the fields that most lines are spared.
func (r Request) seldom(dst []slog.Attr) []slog.Attr {
	for _, text := range [...]struct{ name, value string }{
		{"route", r.Route}, {"api", r.API}, {"path", r.Path}, {"code", r.Code}, {"trace_id", r.Trace.idText()},
	} {
		if text.value != "" {
			dst = append(dst, slog.String(text.name, text.value))
		}
	}
	if r.Batch {
		dst = append(dst, slog.Bool("batch", true))
	}
	if r.Cost > 0 {
		dst = append(dst, slog.Int64("cost_microusd", int64(r.Cost)))
	}
	if bad := failed(r.Attempts); bad != nil {
		dst = append(dst, slog.Any("failed_attempts", bad))
	}
	return dst
}

// failed lists the attempts that did not answer, as "pool/model key class", or
// "pool/model key class (cause)".
func failed(attempts []Attempt) []string {
	var out []string
	for _, a := range attempts {
		if a.Class != "" {
			text := a.Target + " " + a.Key + " " + string(a.Class)
			if a.Cause != "" {
				text += " (" + a.Cause + ")"
			}
			out = append(out, text)
		}
	}
	return out
}
