package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestLinesOfOtherEvents(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 22, 9, 0, 0, 0, time.FixedZone("CET", 3600))
	tests := []struct {
		name  string
		event telemetry.Event
		want  map[string]any
	}{
		{"cooldown begins", telemetry.Cooldown{Pool: "p", Of: "group", Name: "org-1", Covers: "*", Change: telemetry.Begun,
			Class: upstream.RateLimit, Why: "provider said so", Until: until, Key: "k"},
			map[string]any{"level": "WARN", "msg": "cooldown", "change": "begun", "pool": "p", "of": "group", "name": "org-1", "covers": "*",
				"class": "rate_limit", "quarantine": false, "until": "2026-11-22T08:00:00Z", "why": "provider said so", "key": "k"}},
		{"one that an operator has to see to", telemetry.Cooldown{Change: telemetry.Begun, Class: upstream.Billing, Quarantine: true},
			map[string]any{"level": "ERROR", "msg": "cooldown", "change": "begun", "pool": "", "of": "", "name": "", "covers": "",
				"class": "billing", "quarantine": true}},
		{"its end", telemetry.Cooldown{Change: telemetry.Ended, Class: upstream.Billing},
			map[string]any{"level": "INFO", "msg": "cooldown", "change": "ended", "pool": "", "of": "", "name": "", "covers": "",
				"class": "billing", "quarantine": false}},
		{"rebalance", telemetry.Rebalance{Took: time.Second, Moved: 1, Restored: 2, Refused: 3,
			Groups: []telemetry.GroupState{{Resting: true, Quarantined: true}, {}}, Keys: []telemetry.KeyState{{Quarantined: true}, {}}},
			map[string]any{"level": "INFO", "msg": "rebalance", "took_ms": 1000.0, "moved": 1.0, "restored": 2.0, "refused": 3.0,
				"groups": 2.0, "keys": 2.0, "resting_groups": 1.0, "quarantined": 2.0}},
		{"rebalance that failed in part", telemetry.Rebalance{Failure: "pool p: no table"},
			map[string]any{"level": "WARN", "msg": "rebalance", "took_ms": 0.0, "moved": 0.0, "restored": 0.0, "refused": 0.0,
				"groups": 0.0, "keys": 0.0, "resting_groups": 0.0, "quarantined": 0.0, "failure": "pool p: no table"}},
		{"store fails", telemetry.StoreTrouble{Pool: "p", Operation: "query", Cause: "deadline"},
			map[string]any{"level": "WARN", "msg": "store unavailable, going on with local knowledge", "pool": "p", "operation": "query", "cause": "deadline"}},
		{"store answers", telemetry.StoreTrouble{Pool: "p", Recovered: true},
			map[string]any{"level": "INFO", "msg": "store answers again", "pool": "p"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, logged(t, tt.event)); diff != "" {
				t.Errorf("line differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFan: a sink that panics takes neither the request nor the other sinks
// with it.
func TestFan(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var seen []string
	takes := func(name string) telemetry.Sink {
		return telemetry.SinkFunc(func(_ context.Context, e telemetry.Event) { seen = append(seen, name+" "+e.(telemetry.Request).ID) })
	}
	bad := telemetry.SinkFunc(func(context.Context, telemetry.Event) { panic("out of order") })
	telemetry.Fan(slog.New(slog.NewTextHandler(&out, nil)), takes("a"), bad, takes("b")).Observe(t.Context(), telemetry.Request{ID: "1"})
	telemetry.Fan(nil, bad, telemetry.Discard, takes("c")).Observe(t.Context(), telemetry.Request{ID: "2"})
	if diff := cmp.Diff([]string{"a 1", "b 1", "c 2"}, seen); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if !strings.Contains(out.String(), "out of order") {
		t.Errorf("the log does not say what went wrong: %s", out.String())
	}
}

// TestContentLine: what was not logged leaves no field, and what was cut says so.
func TestContentLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		event telemetry.Content
		want  map[string]any
	}{
		{"both", telemetry.Content{ID: "req_1", Client: "bot", Model: "review", Route: "*", API: "messages", Status: 200,
			Prompt: "p", Answer: "a", PromptCut: 3, AnswerCut: 4, Redacted: 2},
			map[string]any{"level": "INFO", "msg": "content", "request_id": "req_1", "client": "bot", "model": "review", "route": "*", "api": "messages",
				"status": 200.0, "prompt": "p", "answer": "a", "prompt_cut_bytes": 3.0, "answer_cut_bytes": 4.0, "redacted": 2.0}},
		{"prompt alone", telemetry.Content{ID: "req_1", Status: 429, Prompt: "p"},
			map[string]any{"level": "INFO", "msg": "content", "request_id": "req_1", "client": "", "model": "", "route": "", "status": 429.0, "prompt": "p", "redacted": 0.0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, logged(t, tt.event)); diff != "" {
				t.Errorf("line differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLevelsAreDocumented: docs/operations.md says at which level the line of
// each outcome is.
func TestLevelsAreDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[telemetry.Outcome]bool{}
	for _, e := range telemetrytest.Ended() {
		r := e.(telemetry.Request)
		level, _, _ := r.Line(nil)
		seen[r.Outcome()] = true
		if row := fmt.Sprintf("\n| `%s` | %s |", r.Outcome(), level); !strings.Contains(string(docs), row) {
			t.Errorf("docs/operations.md has no row %q", row[1:])
		}
	}
	if len(seen) != len(telemetry.Outcomes()) {
		t.Errorf("looked at %d outcomes of %d", len(seen), len(telemetry.Outcomes()))
	}
}
