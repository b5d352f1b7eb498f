package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof" // for the profiles that TestProfile fetches
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/overhead"
)

// ran is what a command line printed and returned.
func ran(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestMain lets the test binary be what it starts: itself, with a command for a server.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && (os.Args[1] == "upstream" || os.Args[1] == "proxy"):
		main()
	case len(os.Args) > 5 && os.Args[1] == "serve":
		go func() { _ = http.ListenAndServe(os.Getenv("FALLOW_PPROF"), http.DefaultServeMux) }()
		_ = http.ListenAndServe(os.Args[5], overhead.Upstream()) // serve --config FILE --listen ADDR
	default:
		os.Exit(m.Run())
	}
}

// TestProfile: of a binary that tells its profiles.
func TestProfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, _, errs := ran(t, "profile", "--fallow", os.Args[0], "--time", "1s", "--only", "small", "--out", dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, name := range []string{"cpu.pprof", "allocs.pprof"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if code, _, errs := ran(t, "profile", "--fallow", "/bin/false", "--out", dir); code != 1 || !strings.Contains(errs, "ended at once") {
		t.Errorf("of one that does not run: exit %d, %s", code, errs)
	}
}

// TestQuick: a run of moments from the command line to the line for the history.
func TestQuick(t *testing.T) {
	t.Parallel()
	code, out, errs := ran(t, "quick", "--only", "direct,go-proxy", "--time", "20ms", "--rounds", "1")
	if code != 0 || !strings.Contains(out, "| 2 KB, 64 connections |") || strings.Contains(out, "goal") {
		t.Errorf("exit %d, %s, report:\n%s", code, errs, out)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"overhead", "--help"}, {"quick", "--help"}, {"profile", "--help"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			code, out, _ := ran(t, args...)
			if code != 0 || !strings.Contains(out, "Usage: bench") || strings.Contains(out, "bench upstream") {
				t.Errorf("exit %d, help:\n%s", code, out)
			}
		})
	}
}

func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, args string
		code       int
		want       string
	}{
		{"no command", "", 2, "bench --help"},
		{"no such contestant", "quick --only apache", 1, "want some of direct, go-proxy, nginx, litellm, portkey, fallow"},
		{"no profiled binary", "profile --fallow nowhere/fallow", 1, "go build -tags pprof -o nowhere/fallow"},
		{"no address", "upstream", 2, "--listen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := ran(t, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("exit %d, %q, want %d and %q", code, errs, tt.code, tt.want)
			}
		})
	}
}

// TestMissingProgramsTakeNoPart: a run goes on with those that are there.
func TestMissingProgramsTakeNoPart(t *testing.T) {
	t.Parallel()
	p := programs{Fallow: "no/fallow", Nginx: "no/nginx", Litellm: "no/litellm", Portkey: "no/portkey", Preload: "no/preload"}
	all, missing, err := p.contestants("self")
	if err != nil || len(all) != 2 || len(missing) != 4 {
		t.Fatalf("%d contestants, missing %q, error %v, want 2 and 4", len(all), missing, err)
	}
	for _, line := range missing {
		if !strings.Contains(line, "takes no part") {
			t.Errorf("missing: %q", line)
		}
	}
}

// TestInstalledPrograms: in their order, with their versions.
func TestInstalledPrograms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script("lib/python3.11/site-packages/litellm-1.2.3.dist-info/x", "")
	p := programs{
		Nginx:   script("nginx", "#!/bin/sh\necho nginx version: nginx/1.22.1 >&2\n"),
		Fallow:  script("fallow", "#!/bin/sh\necho fallow abcdef\n"),
		Litellm: script("bin/litellm", ""),
		Only:    []string{overhead.Own, "litellm", "nginx"},
	}
	all, missing, err := p.contestants("self")
	if err != nil || len(missing) > 0 {
		t.Fatalf("missing %q, error %v", missing, err)
	}
	var got []string
	for _, c := range all {
		got = append(got, c.Name+" "+c.Version)
	}
	if text, want := strings.Join(got, ", "), "nginx 1.22.1, litellm 1.2.3, fallow abcdef"; text != want {
		t.Errorf("contestants %q, want %q", text, want)
	}
	if v := versionOf(script("silent", "#!/bin/sh\n"), "-v"); v != "" {
		t.Errorf("version of one that says nothing = %q", v)
	}
}

// TestServers: those that runs start end with their context.
func TestServers(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(overhead.Upstream())
	t.Cleanup(upstream.Close)
	for name, args := range map[string][]string{"upstream": {"upstream"}, "proxy": {"proxy", "--upstream", upstream.URL}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr := l.Addr().String()
			if code, _, _ := ran(t, append(args, "--listen", addr)...); code != 1 {
				t.Errorf("exit %d while the address is taken, want 1", code)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan int)
			go func() { ended <- run(ctx, append(args, "--listen", addr), io.Discard, io.Discard) }()
			for {
				resp, err := http.Post("http://"+addr, "application/json", strings.NewReader("{}"))
				if err != nil {
					continue // it is not there yet
				}
				if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
					t.Errorf("status = %d", resp.StatusCode)
				}
				break
			}
			cancel()
			if code := <-ended; code != 0 {
				t.Errorf("exit %d, want 0", code)
			}
		})
	}
}

func TestProfilesAreFetched(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/broken") {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, r.URL.Path+"?"+r.URL.RawQuery)
	}))
	t.Cleanup(server.Close)
	c := profileCmd{Out: t.TempDir()}
	if err := c.fetch(t.Context(), server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"cpu.pprof": "/profile?seconds=1", "allocs.pprof": "/allocs?"} {
		got, err := os.ReadFile(filepath.Join(c.Out, name))
		if err != nil || string(got) != want {
			t.Errorf("%s = %q, %v, want %q", name, got, err, want)
		}
	}
	if err := c.fetch(t.Context(), server.URL+"/broken/"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("fetch from one that has no profiles = %v", err)
	}
}

// TestJudge: a goal that was not measured is not missed.
func TestJudge(t *testing.T) {
	t.Parallel()
	r := &overhead.Result{Reports: []overhead.Report{{Name: overhead.Own, Idle: 20, Starts: []float64{20}}}}
	c := overheadCmd{Check: true, JSON: filepath.Join(t.TempDir(), "rounds.json")}
	if err := c.judge(r); err != nil {
		t.Errorf("judge = %v, want nothing missed", err)
	}
	r.Reports[0].Starts = []float64{80}
	if err := c.judge(r); err == nil || !strings.Contains(err.Error(), "start to the first answer") || strings.Contains(err.Error(), "memory") {
		t.Errorf("judge = %v, want the start alone", err)
	}
	c.Check = false
	if err := c.judge(r); err != nil {
		t.Errorf("judge that was not asked = %v", err)
	}
	if err := c.keep(r); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(c.JSON); err != nil || !bytes.Contains(text, []byte(`"name": "fallow"`)) {
		t.Errorf("rounds: %s, %v", text, err)
	}
}

func TestLogsOfTroubleStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	troubled := &overhead.Result{Reports: []overhead.Report{{Name: "x", Problem: "it ended"}}}
	if err := removeUnlessTroubled(dir, troubled); err != nil || !strings.HasSuffix(troubled.Reports[0].Problem, "see "+filepath.Join(dir, "x")) {
		t.Errorf("problem %q, %v", troubled.Reports[0].Problem, err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the logs are gone: %v", err)
	}
	if err := removeUnlessTroubled(dir, &overhead.Result{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the logs of a good run were left")
	}
}
