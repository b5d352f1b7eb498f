package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func parseSimulate(t *testing.T, args ...string) (simulateCmd, string, error) {
	t.Helper()
	var grammar struct {
		Simulate simulateCmd `cmd:""`
	}
	var out bytes.Buffer
	parser, err := kong.New(&grammar, kong.Name("fallow"), kong.Writers(&out, &out), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"simulate"}, args...))
	return grammar.Simulate, out.String(), err
}

func TestSimulateServesWhatItPrints(t *testing.T) {
	t.Parallel()
	cmd, _, err := parseSimulate(t, "--listen", "127.0.0.1:0", "--organisations", "2", "--keys-per-organisation", "2")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- cmd.Run(&terminal{ctx: ctx, stdout: w, stderr: w})
		w.Close()
	}()
	printed := readUntil(t, r, "Stop it")
	for _, want := range []string{"org-2: sim-key-3, sim-key-4", "OPENAI_BASE_URL=http://127.0.0.1:"} {
		if !strings.Contains(printed, want) {
			t.Errorf("printed %q, want %q in it", printed, want)
		}
	}
	if body := follow(t, printed); !strings.Contains(body, `You wrote: \"Review this.\".`) {
		t.Errorf("the curl line that is printed answers %q", body)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v after an interrupt, want nil", err)
	}
}

func readUntil(t *testing.T, r io.Reader, last string) string {
	t.Helper()
	var text strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), last) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return text.String()
		}
	}
	t.Fatalf("the output ended without %q:\n%s", last, text.String())
	return ""
}

// follow does what the printed curl line says.
func follow(t *testing.T, printed string) string {
	t.Helper()
	_, line, _ := strings.Cut(printed, "curl ")
	parts := strings.Split(line, "'")
	url, _, _ := strings.Cut(line, " ")
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(parts[5]))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{parts[1], parts[3]} {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestSimulateRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no organisations", []string{"--organisations", "0"}, "at least 1"},
		{"too many keys", []string{"--organisations", "1000", "--keys-per-organisation", "1000"}, "100,000"},
		{"negative limit", []string{"--rpm=-1"}, "negative"},
		{"negative latency", []string{"--latency-p50=-1s"}, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := parseSimulate(t, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSimulateRefusesTheNetwork(t *testing.T) {
	t.Parallel()
	cmd, _, err := parseSimulate(t, "--listen", "0.0.0.0:9090")
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Run(&terminal{ctx: context.Background(), stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "not on loopback") {
		t.Errorf("Run = %v, want a refusal of the address", err)
	}
}

func TestSimulateConfig(t *testing.T) {
	t.Parallel()
	cmd, _, err := parseSimulate(t, "--otpm=0", "--max-in-flight=7", "--keys-per-organisation=12", "--organisations=11", "--latency-p50=11s")
	if err != nil {
		t.Fatal(err)
	}
	cfg := cmd.config()
	if got := cfg.Organisations[10].Limits.Tokens; got != 0 {
		t.Errorf("tokens per minute = %d without a limit on output, want none", got)
	}
	if got := cfg.Organisations[10].MaxInFlight; got != 7 {
		t.Errorf("max in flight = %d, want 7", got)
	}
	var out bytes.Buffer
	cmd.announce(&out, "http://sim", cfg)
	for _, want := range []string{"sim-key-1, sim-key-2 … sim-key-12\n", "11 organisations in all"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed %q, want %q in it", out.String(), want)
		}
	}
}

func TestSimulateHelp(t *testing.T) {
	t.Parallel()
	_, help, _ := parseSimulate(t, "--help")
	for _, want := range []string{"--itpm", "_sim/faults", "stream_cut"} {
		if !strings.Contains(help, want) {
			t.Errorf("help lacks %q:\n%s", want, help)
		}
	}
}
