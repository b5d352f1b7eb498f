package emf_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/emf"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
)

func now() time.Time { return telemetrytest.Now }

// oneWrite fails when an event is written in pieces, between which another
// process's line could fall.
type oneWrite struct {
	bytes.Buffer
	t      *testing.T
	writes int
}

func (w *oneWrite) Write(p []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		w.t.Errorf("written in %d pieces", w.writes)
	}
	if len(p) == 0 || p[len(p)-1] != '\n' {
		w.t.Errorf("written without its line break: %q", p)
	}
	return w.Buffer.Write(p)
}

// observed gives an event to a sink and parses its lines strictly.
func observed(t *testing.T, s *emf.Sink, out *oneWrite, e telemetry.Event) []emftest.Document {
	t.Helper()
	out.Reset()
	out.writes = 0
	s.Observe(t.Context(), e)
	var docs []emftest.Document
	for line := range bytes.Lines(out.Bytes()) {
		doc, err := emftest.Parse(bytes.TrimSuffix(line, []byte("\n")), now())
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		docs = append(docs, doc)
	}
	return docs
}

func newSink(t *testing.T) (*emf.Sink, *oneWrite) {
	t.Helper()
	out := &oneWrite{t: t}
	return emf.New(emf.Config{Out: out, Namespace: "team/stack", Now: now}), out
}
