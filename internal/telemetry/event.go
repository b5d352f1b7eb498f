package telemetry

import (
	"context"
	"log/slog"
)

// Event is something that happened: a Request, its Content, a Cooldown,
// Rebalance or StoreTrouble. Sinks tell them apart by a type switch.
type Event interface {
	// Line puts the event into a log line: its level, its message, and its
	// fields appended to dst, which spares hot paths an allocation.
	Line(dst []slog.Attr) (level slog.Level, message string, fields []slog.Attr)
}

var _, _, _, _, _ Event = Request{}, Content{}, Cooldown{}, Rebalance{}, StoreTrouble{}

// Sink takes events. Observe may be called by many goroutines at once and on
// the way of a request: it waits for nothing but a write to the process's own
// output, and keeps no reference to what the event refers to unless it says so.
type Sink interface {
	Observe(ctx context.Context, e Event)
}

// SinkFunc is a function as a Sink.
type SinkFunc func(context.Context, Event)

var _ Sink = SinkFunc(nil)

// Observe implements Sink.
func (f SinkFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }

// Discard is a Sink for those who want none.
var Discard Sink = SinkFunc(func(context.Context, Event) {})

// Fan hands each event to several sinks, in their order. A sink that panics
// costs its own share of the event and no request: log, which may be nil, takes
// the cause.
func Fan(log *slog.Logger, sinks ...Sink) Sink {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return fan{log, sinks}
}

type fan struct {
	log   *slog.Logger
	sinks []Sink
}

// Observe implements Sink.
func (f fan) Observe(ctx context.Context, e Event) {
	for _, s := range f.sinks {
		f.observe(ctx, s, e)
	}
}

func (f fan) observe(ctx context.Context, s Sink, e Event) {
	defer func() {
		if cause := recover(); cause != nil {
			f.log.Error("telemetry panicked", "cause", cause)
		}
	}()
	s.Observe(ctx, e)
}

// Log writes every event as one structured line.
func Log(log *slog.Logger) Sink {
	return SinkFunc(func(ctx context.Context, e Event) {
		level, message, fields := e.Line(make([]slog.Attr, 0, mostFields))
		log.LogAttrs(ctx, level, message, fields...)
	})
}

// mostFields is room for the fields of nearly every line.
const mostFields = 32
