package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

// patient writes a document for a simulated provider, whose keys' references
// are made of the format.
func patient(t *testing.T, url, ref string, keys int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	text := "version: 1\npools:\n  claude:\n    provider: anthropic\n    base_url: " + url + "\n    keys:\n"
	for i := range keys {
		text += fmt.Sprintf("      - {name: key-%d, secret: \"%s%d\"}\n", i+1, ref, i+1)
	}
	text += "models: {\"*\": {targets: [{pool: claude}]}}\nclients: {auth: none}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func simulatedProvider(t *testing.T, organisations, keysEach int) string {
	t.Helper()
	s, err := simprovider.Start(t.Context(), simprovider.Config{
		Organisations: simprovider.Organisations(organisations, keysEach, simprovider.Roomy),
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL()
}

// TestDoctorFirstFiveMinutes: what the stack leaves behind is examined, the
// keys are set, and then all is well but for what pooling gains.
func TestDoctorFirstFiveMinutes(t *testing.T) {
	manager.Put("first/keys", `{"key_1":"","key_2":""}`)
	doc := patient(t, simulatedProvider(t, 1, 2), "secretsmanager:first/keys#key_", 2)
	table := startDynamoDB(t)
	out, errs, code := command(t, nil, "doctor", "--config", doc, "--table", table)
	want(t, out, errs, code, 1, "ok    AWS credentials: found (EnvConfigCredentials), region eu-central-1",
		"FAIL  secret of claude/key-1", "fallow keys set claude/key-1", "has not run yet", "2 failures")
	if _, err := setKeys(t, `{"key-1":"sim-key-1","key-2":"sim-key-2"}`, setKeysCmd{keyPlaces: keyPlaces{Config: doc}}); err != nil {
		t.Fatal(err)
	}
	out, errs, code = command(t, []string{"FALLOW_TABLE=" + table}, "doctor", "--config", doc)
	want(t, out, errs, code, 0, "ok    key claude/key-2: works", "\npool claude (anthropic): 2 keys, 1 organisation: pooling gains rotation, not capacity\n  quota group org-", "0 failures")
	if strings.Contains(out+errs, "sim-key") {
		t.Errorf("a key is shown:\n%s%s", out, errs)
	}
}

func TestDoctorAsJSON(t *testing.T) {
	t.Parallel()
	doc := patient(t, simulatedProvider(t, 1, 1), "env:KEY_", 2)
	out, errs, code := command(t, []string{"KEY_1=sim-key-1", "KEY_2=sk-ant-canary"}, "doctor", "--config", doc, "--store", "memory", "--json")
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 || r.Count(doctor.Fail) != 1 || len(r.Pools) != 1 {
		t.Errorf("got %d, %v, %s%s; want one failure", code, err, out, errs)
	}
	if strings.Contains(out+errs, "canary") || !strings.HasPrefix(errs, "fallow: doctor: 1 failure") {
		t.Errorf("got %s%s", out, errs)
	}
}

func TestDoctorWithoutADocument(t *testing.T) {
	t.Parallel()
	c := doctorCmd{Timeout: time.Nanosecond}
	doc, err := c.document(&terminal{environ: []string{"ANTHROPIC_API_KEY=sk-ant-canary"}})
	if err != nil || len(doc.Pools["anthropic"].Keys) != 1 {
		t.Errorf("got %v, %v; want a pool of the environment's key", doc, err)
	}
	if _, err := c.document(&terminal{}); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("got %v, want an error about --config", err)
	}
	for _, args := range [][]string{{"--config", "/nowhere.yaml"}, {"--config", patient(t, "http://127.0.0.1:1", "env:KEY_", 1), "--store", "paper:x"}} {
		if out, errs, code := command(t, nil, append([]string{"doctor"}, args...)...); code != 1 || out != "" {
			t.Errorf("%v: got %d, %s%s; want a failure", args, code, out, errs)
		}
	}
}

// TestDoctorMakesNothing: what it is to examine is there before.
func TestDoctorMakesNothing(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "new", "state.db")
	out, errs, code := command(t, nil, "doctor", "--config", patient(t, "http://127.0.0.1:1", "env:KEY_", 1), "--store", "file:"+state)
	want(t, out, errs, code, 1, state, "keeps its state in")
	if _, err := os.Stat(filepath.Dir(state)); err == nil {
		t.Error("it made the folder")
	}
}

// TestDoctorTakesTheUsualDocument: fallow.yaml of the directory it runs in.
func TestDoctorTakesTheUsualDocument(t *testing.T) {
	doc := patient(t, "http://127.0.0.1:1", "env:KEY_", 3)
	t.Chdir(filepath.Dir(doc))
	got, err := doctorCmd{}.document(&terminal{environ: []string{"ANTHROPIC_API_KEY=sk-ant-canary"}})
	if err != nil || len(got.Pools["claude"].Keys) != 3 {
		t.Errorf("got %v, %v; want the file's pool", got, err)
	}
}

// TestUnknownOwnersAreMarked: a group that is only a key by itself says so.
func TestUnknownOwnersAreMarked(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	prescribe(&out, doctor.Report{Pools: []doctor.Pool{{Name: "p", Provider: "ollama", Gain: "?", Groups: []doctor.Group{{Name: "k", Keys: []string{"k"}}}}}})
	if !strings.Contains(out.String(), "quota group k (not known whose): k\n") {
		t.Errorf("got %s", out.String())
	}
}
