package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// TestRun is a storm of a second: what comes out is a picture of the requests
// that went through a real gateway.
func TestRun(t *testing.T) {
	out, lines := filepath.Join(t.TempDir(), "out.svg"), filepath.Join(t.TempDir(), "lines")
	if err := run(t.Context(), out, lines, time.Second); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(svg), "Requests by how they ended") || !strings.Contains(string(log), `"Answered":1`) {
		t.Errorf("the picture has %d bytes, the log:\n%s", len(svg), log)
	}
	if strings.Contains(string(log), "sim-key") || strings.Contains(string(log), "please review") {
		t.Error("a key or a prompt is in the log")
	}
}
