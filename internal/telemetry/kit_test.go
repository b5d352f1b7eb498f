package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged returns the one line that an event leaves.
func logged(t *testing.T, e telemetry.Event) map[string]any {
	t.Helper()
	var out bytes.Buffer
	telemetry.Log(slog.New(slog.NewJSONHandler(&out, nil))).Observe(t.Context(), e)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %v: %s", err, out.Bytes())
	}
	delete(line, "time")
	return line
}
