package prices

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/golden"
)

var origin = Origin{Name: "LiteLLM 1.2.3", Date: "2026-11-22"}

func source(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/source.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPrune(t *testing.T) {
	t.Parallel()
	got, err := Prune(source(t), origin)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/pruned.golden", got)
	again, err := Prune(source(t), origin)
	if err != nil || string(again) != string(got) {
		t.Errorf("the same source gave another file, %v", err)
	}
}

func TestPruneWantsModels(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "null", "{}", `{"a": 1}`, `{"a": {"litellm_provider": "nobody"}}`, `{"gpt": {"litellm_provider": 5}}`} {
		if got, err := Prune([]byte(text), origin); err == nil || !strings.HasPrefix(err.Error(), "prices: ") {
			t.Errorf("%q: got %q, %v, want an error", text, got, err)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	before := "# one\na/x\tchat\t1\na/y\tchat\t2\na/z\tchat\t3\n"
	after := "# two\na/w\tchat\t4\na/x\tchat\t1\na/y\tchat\t5\n"
	want := []string{"+ a/w: chat 4", "~ a/y: chat 5, was chat 2", "- a/z"}
	if got := Diff([]byte(before), []byte(after)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Diff([]byte(before), []byte(strings.Replace(before, "one", "two", 1))); got != nil {
		t.Errorf("another header: got %q, want nothing", got)
	}
}

// TestRateRoundTrip writes rates as the file has them and reads them again.
func TestRateRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Rate(rapid.Int64Range(0, 1e15-1).Draw(t, "rate"))
		r := reader{fields: []string{want.String()}, ok: true}
		if got := r.rate(-1); got != want || !r.ok {
			t.Errorf("%q: got %d, %v, want %d", want.String(), got, r.ok, want)
		}
	})
}

func TestParseLineRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "a/b", "a/b\tchat\t1\t1\t1\t1\t1\t1\t1\t1",
		"a/b\tchat\tx\t1\t1\t1\t1\t1\t1", "a/b\tchat\t-1\t1\t1\t1\t1\t1\t1",
		"a/b\tchat\t1\t1\t1.0000001\t1\t1\t1\t1", "a/b\tchat\t1\t1\t\t1\t1\t1\t1",
		"a/b\tchat\t1\t1\t-1\t1\t1\t1\t1", "a/b\tchat\t1\t1\t1e3\t1\t1\t1\t1", "a/b\tchat\t1\t1\t1234567890\t1\t1\t1\t1",
	} {
		if p, ok := parseLine(line); ok {
			t.Errorf("%q: got %+v, want a refusal", line, p)
		}
	}
}

func FuzzPrune(f *testing.F) {
	seed, err := os.ReadFile("testdata/source.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(seed))
	f.Add(`{"gpt": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e999999999, "output_cost_per_token": 1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Prune([]byte(text), origin)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(file)) {
			if _, ok := parseLine(strings.TrimSuffix(line, "\n")); !ok && !strings.HasPrefix(line, "#") {
				t.Errorf("not a line: %q", line)
			}
			id, _, _ := strings.Cut(line, "\t")
			if _, ok := find(string(file), id); !ok && !strings.HasPrefix(line, "#") {
				t.Errorf("not found: %q", id)
			}
		}
	})
}
