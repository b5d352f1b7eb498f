package telemetry

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
)

// TraceID and SpanID are W3C ids. The zero value is none.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Trace is where a request stands in a distributed trace (W3C Trace Context).
// The zero Trace is none.
type Trace struct {
	ID TraceID
	// Parent is the caller's span; zero for a request that began the trace.
	Parent SpanID
	// Span is the request's own.
	Span SpanID
	// Sampled says that the trace is recorded.
	Sampled bool
	// State is the caller's tracestate, passed on as it is.
	State string
}

// maxTraceState bounds a tracestate that is passed on: the 512 characters that
// the specification wants carried at least.
const maxTraceState = 512

// Tracer begins the traces of requests. The nil *Tracer makes none, so that who
// does not trace pays for nothing. It is safe for concurrent use.
type Tracer struct {
	// Ratio is the share of the traces begun here that are recorded, 0 to 1.
	Ratio float64
	// Always ignores the caller's decision; otherwise it holds for the requests
	// that come with one, so that a trace is recorded whole or not at all.
	Always bool
}

// Begin reads the headers traceparent and tracestate of a request. What is not
// by the specification counts as absent, as that wants it.
func (t *Tracer) Begin(traceparent, tracestate string) Trace {
	if t == nil {
		return Trace{}
	}
	trace, ok := parseTraceparent(traceparent)
	if ok && len(tracestate) <= maxTraceState {
		trace.State = tracestate
	}
	if !ok {
		trace = Trace{}
		_, _ = rand.Read(trace.ID[:]) // never fails
	}
	if !ok || t.Always {
		trace.Sampled = t.sample(trace.ID)
	}
	trace.Span = NewSpanID()
	return trace
}

// sample decides by the id, so that all who use the same ratio decide alike. The
// last seven bytes are the random ones (W3C Trace Context Level 2).
func (t *Tracer) sample(id TraceID) bool {
	if t.Ratio >= 1 {
		return true
	}
	low := binary.BigEndian.Uint64(id[8:]) & (1<<56 - 1)
	return float64(low) < t.Ratio*math.Exp2(56)
}

// NewSpanID makes a random id.
func NewSpanID() SpanID {
	var id SpanID
	for id == (SpanID{}) { // zero means none
		_, _ = rand.Read(id[:])
	}
	return id
}

// Child returns a new span id for a call that belongs to the trace; zero when
// there is no trace.
func (t Trace) Child() SpanID {
	if t.ID == (TraceID{}) {
		return SpanID{}
	}
	return NewSpanID()
}

// Traceparent is the header for a call whose span is given; empty without a
// trace. It goes out for traces that are not recorded too: the next one in the
// line learns of the decision by it.
func (t Trace) Traceparent(span SpanID) string {
	if t.ID == (TraceID{}) || span == (SpanID{}) {
		return ""
	}
	flags := "00"
	if t.Sampled {
		flags = "01"
	}
	return "00-" + hex.EncodeToString(t.ID[:]) + "-" + hex.EncodeToString(span[:]) + "-" + flags
}

func (t Trace) idText() string {
	if t.ID == (TraceID{}) {
		return ""
	}
	return hex.EncodeToString(t.ID[:])
}

// traceparentLen is the length of version 00; a later version may go on after
// another dash.
const traceparentLen = len("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")

func parseTraceparent(s string) (Trace, bool) {
	if len(s) < traceparentLen || strings.ToLower(s) != s || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return Trace{}, false
	}
	version, okVersion := unhex(s[:2])
	id, okID := unhex(s[3:35])
	parent, okParent := unhex(s[36:52])
	flags, okFlags := unhex(s[53:55])
	if !okVersion || !okID || !okParent || !okFlags || !goesOn(version[0], s[traceparentLen:]) {
		return Trace{}, false
	}
	t := Trace{ID: TraceID(id), Parent: SpanID(parent), Sampled: flags[0]&1 == 1}
	return t, t.ID != (TraceID{}) && t.Parent != (SpanID{})
}

// goesOn reports whether what follows the known part is allowed by the version.
func goesOn(version byte, rest string) bool {
	switch version {
	case 0:
		return rest == ""
	case 0xff:
		return false
	}
	return rest == "" || rest[0] == '-'
}

func unhex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil
}
