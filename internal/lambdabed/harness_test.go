package lambdabed_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/lambdabed"
)

// binary is echofn, built as a deployment is.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv("BED_ORPHAN_HELPER") != "" {
		orphanHelper()
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lambdabed")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "./echofn")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building echofn: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// orphanHelper starts a bed and never closes it.
func orphanHelper() {
	b, err := lambdabed.Start(lambdabed.Config{Binary: os.Getenv("BED_ORPHAN_HELPER"), FreezeBetween: true})
	if err != nil {
		panic(err)
	}
	res, err := http.Get(b.URL() + "/pid")
	if err != nil {
		panic(err)
	}
	pid, _ := io.ReadAll(res.Body)
	fmt.Printf("%s\n", pid)
	<-make(chan struct{})
}

// start starts a bed that is closed at the end of the test; what the function
// printed is shown if the test failed.
func start(t *testing.T, cfg lambdabed.Config) *lambdabed.Bed {
	t.Helper()
	var log bytes.Buffer
	cfg.Binary, cfg.Log = binary, &log
	b, err := lambdabed.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Logf("the function printed:\n%s", log.String())
		}
	})
	return b
}

// answer is a complete answer; err says how its body ended.
type answer struct {
	*http.Response
	body string
	err  error
}

func send(t *testing.T, req *http.Request) answer {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res, string(body), err}
}

func get(t *testing.T, b *lambdabed.Bed, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

// getIdle is get, and returns when the environment is free again.
func getIdle(t *testing.T, b *lambdabed.Bed, path string) answer {
	t.Helper()
	a := get(t, b, path)
	wait(t, b, lambdabed.Idle)
	return a
}

func wait(t *testing.T, b *lambdabed.Bed, wanted func(lambdabed.Stats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Wait(ctx, wanted); err != nil {
		t.Fatalf("waiting: %v; figures %+v", err, b.Stats())
	}
}

// gate is where functions stop by until the test lets them on.
type gate struct {
	URL     string
	visits  chan struct{} // one for each visitor that has come
	release chan struct{} // one for each that may go
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{visits: make(chan struct{}), release: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case g.visits <- struct{}{}:
		case <-r.Context().Done(): // the visitor is dead
			return
		}
		select {
		case <-g.release:
		case <-r.Context().Done():
		}
	}))
	g.URL = srv.URL
	t.Cleanup(srv.Close)
	return g
}

func (g *gate) pass() {
	<-g.visits
	g.release <- struct{}{}
}

// together calls f n times at once and waits for all.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
