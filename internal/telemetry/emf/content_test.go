package emf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// TestContentIsALineWithoutMetrics: what was said is written as long as a route
// may log it, and no longer; the line fits into an event of CloudWatch Logs
// whatever the text is.
func TestContentIsALineWithoutMetrics(t *testing.T) {
	t.Parallel()
	const longest = 64 << 10
	for _, letter := range []string{"x", "\x01", "é"} {
		s, out := newSink(t)
		text := strings.Repeat(letter, 2*longest/len(letter))
		docs := observed(t, s, out, telemetry.Content{ID: "req_1", Model: text, Prompt: text[:longest], Answer: text})
		var line struct{ Msg, Prompt, Answer, Model string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Msg != "content" || line.Prompt != text[:longest] || line.Answer != text[:longest] {
			t.Errorf("%q: line %q has %d bytes of prompt and %d of answer, want %d", letter, line.Msg, len(line.Prompt), len(line.Answer), longest)
		}
		if len(docs) != 1 || len(docs[0].Data) != 0 || strings.Contains(out.String(), "_aws") {
			t.Errorf("%q: made %d lines, or metrics, of it", letter, len(docs))
		}
	}
	s, out := newSink(t)
	r := telemetry.Request{ID: "req_2", Model: strings.Repeat("m", longest)}
	observed(t, s, out, telemetry.Content{ID: "req_1", Prompt: "p"})
	if observed(t, s, out, r); out.Len() > 8<<10 {
		t.Errorf("a request's line has %d bytes after one of content, want its fields bounded as ever", out.Len())
	}
}
