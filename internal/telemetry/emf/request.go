package emf

import (
	"log/slog"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// outcomes names the metric of each outcome.
var outcomes = map[telemetry.Outcome]string{
	telemetry.Answered: "Answered", telemetry.Broken: "Broken", telemetry.Abandoned: "Abandoned",
	telemetry.Limited: "Limited", telemetry.Shed: "Shed", telemetry.Rejected: "Rejected",
	telemetry.ProviderFault: "ProviderFaults", telemetry.GatewayFault: "GatewayFaults",
}

// request writes a line for each booking and attempt that failed, whose metrics
// have dimensions of their own, and the request's line.
func (l *lines) request(r telemetry.Request, first bool) {
	for _, b := range r.Bookings {
		if b.Result != telemetry.Booked {
			l.exhausted(r, b)
		}
	}
	for _, a := range r.Attempts {
		if a.Class != "" {
			l.failedAttempt(r, a)
		}
	}
	l.add("Requests", telemetry.Count, 1)
	outcome := r.Outcome()
	l.add(outcomes[outcome], telemetry.Count, 1)
	if outcome == telemetry.Answered {
		l.latency(r)
	}
	if len(r.Bookings) > 0 || len(r.Attempts) > 0 {
		l.addTime("Wait", r.Waited)
	}
	l.count("UpstreamCalls", len(r.Attempts))
	l.count("UpstreamLimits", r.Limits())
	l.usage(r)
	if first {
		l.add("ColdStarts", telemetry.Count, 1)
	}
	l.event(r)
}

func (l *lines) latency(r telemetry.Request) {
	l.addTime("Latency", r.Total)
	if r.Stream && r.FirstToken > 0 {
		l.addTime("FirstToken", r.FirstToken)
	}
	if d, known := r.Overhead(); known {
		l.addTime("Overhead", d)
	}
}

func (l *lines) usage(r telemetry.Request) {
	u := r.Usage
	l.count("InputTokens", int(u.InputTokens))
	l.count("OutputTokens", int(u.OutputTokens))
	l.count("CacheReadTokens", int(u.CacheReadTokens))
	l.count("CacheWriteTokens", int(u.CacheWriteTokens))
	if r.Cost > 0 {
		l.add("Cost", telemetry.NoUnit, float64(r.Cost)/1e6)
	}
}

func (l *lines) exhausted(r telemetry.Request, b telemetry.Booking) {
	l.dimension("Pool", b.Pool)
	l.add("Exhausted", telemetry.Count, 1)
	l.line(slog.LevelWarn, "pool exhausted",
		slog.String("request_id", r.ID), slog.String("result", string(b.Result)), milliseconds("took_ms", b.Took))
}

func (l *lines) failedAttempt(r telemetry.Request, a telemetry.Attempt) {
	l.dimension("Pool", telemetry.PoolOf(a.Target))
	l.dimension("Class", string(a.Class))
	l.add("UpstreamFailures", telemetry.Count, 1)
	l.line(slog.LevelInfo, "attempt failed",
		slog.String("request_id", r.ID), slog.String("target", a.Target), slog.String("key", a.Key), milliseconds("took_ms", a.Took))
}

func milliseconds(name string, d time.Duration) slog.Attr { return slog.Int64(name, d.Milliseconds()) }
