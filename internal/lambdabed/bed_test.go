package lambdabed_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestFortyAtOnceAreFortyProcesses(t *testing.T) {
	t.Parallel()
	const n = 40
	b, g := start(t, lambdabed.Config{Environments: n, InitTimeout: time.Minute}), newGate(t)
	var held sync.WaitGroup
	held.Go(func() {
		together(n, func(int) {
			if res := get(t, b, "/hold?visit="+g.URL); res.StatusCode != http.StatusOK || res.err != nil {
				t.Errorf("got %d (%v)", res.StatusCode, res.err)
			}
		})
	})
	for range n {
		<-g.visits
	}
	throttled := get(t, b, "/pid") // all are busy, and there may be no more
	for range n {
		g.release <- struct{}{}
	}
	held.Wait()
	if throttled.StatusCode != http.StatusTooManyRequests || !strings.Contains(throttled.body, "ConcurrentInvocationLimitExceeded") {
		t.Errorf("one more got %d %q, want Lambda's own 429", throttled.StatusCode, throttled.body)
	}
	if throttled.Header.Get("X-Fallow-Request-Id") != "" {
		t.Error("Lambda's own 429 looks like ours")
	}
	wait(t, b, lambdabed.Idle)
	want := lambdabed.Stats{Invocations: n, Throttled: 1, ColdStarts: n, Environments: n}
	if got := b.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReuseIsLastInFirstOut(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	pids := make(chan string)
	for range 3 {
		go func() { pids <- get(t, b, "/hold?visit="+g.URL).body }()
	}
	for range 3 {
		<-g.visits
	}
	last := ""
	for freed := range 3 { // one after the other becomes free
		g.release <- struct{}{}
		last = <-pids
		wait(t, b, func(s lambdabed.Stats) bool { return s.Busy == 2-freed })
	}
	for range 5 {
		if got := getIdle(t, b, "/pid").body; got != last {
			t.Errorf("got process %s, want %s, which was used last", got, last)
		}
	}
	if got := b.Stats().ColdStarts; got != 3 {
		t.Errorf("got %d cold starts, want no more than 3", got)
	}
}

func TestWorkAfterTheAnswerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{FreezeBetween: true, Environments: 1, Grace: time.Minute}), newGate(t)
	first := get(t, b, "/after?visit="+g.URL) // would hang if the end waited for the work
	if first.body != "answered" || first.err != nil {
		t.Fatalf("got %q (%v)", first.body, first.err)
	}
	<-g.visits // the process is not frozen, but at work
	if got := b.Stats().Busy; got != 1 {
		t.Errorf("got %d busy, want 1", got)
	}
	second := make(chan answer)
	go func() { second <- get(t, b, "/pid") }()
	g.release <- struct{}{}
	if res := <-second; res.StatusCode != http.StatusOK {
		t.Errorf("the next request got %d", res.StatusCode)
	}
	if got := b.Stats().ColdStarts; got != 1 {
		t.Errorf("got %d cold starts, want 1", got)
	}
}

func TestEnvironmentThatTakesLongToEndIsNotWaitedForLonger(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{Environments: 1, Grace: time.Millisecond}), newGate(t)
	get(t, b, "/after?visit="+g.URL)
	<-g.visits
	if res := get(t, b, "/pid"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got %d, want 429", res.StatusCode)
	}
	g.release <- struct{}{}
}

func TestKill(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{FreezeBetween: true})
	first := getIdle(t, b, "/pid").body
	if !b.Kill(1) || b.Kill(1) || b.Kill(2) {
		t.Error("only environment 1 was there, and only once")
	}
	if got := b.Stats(); got.Environments != 0 || got.Crashes != 1 {
		t.Errorf("got %+v, want no environment and one crash", got)
	}
	if second := get(t, b, "/pid").body; second == first || second == "" {
		t.Errorf("got process %q after %q, want another", second, first)
	}
}

func TestRetire(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{})
	getIdle(t, b, "/pid")
	if got := b.Retire(); got != 1 {
		t.Errorf("got %d retired, want 1", got)
	}
	getIdle(t, b, "/pid")
	if got := b.Stats(); got.ColdStarts != 2 || got.Crashes != 0 {
		t.Errorf("got %+v, want two cold starts and no crash", got)
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{IdleTimeout: time.Millisecond})
	get(t, b, "/pid")
	wait(t, b, func(s lambdabed.Stats) bool { return s.Environments == 0 && s.Crashes == 0 })
}

func TestInvocationTimeout(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=direct"}, Timeout: 100 * time.Millisecond})
	_, err := b.Invoke(t.Context(), []byte(`"hang"`))
	var failure *lambdabed.FunctionError
	if !errors.As(err, &failure) || failure.Type != "Sandbox.Timedout" {
		t.Errorf("got %v, want a time-out", err)
	}
	if got := b.Stats(); got.TimedOut != 1 || got.Crashes != 0 || got.Environments != 0 {
		t.Errorf("got %+v, want one time-out and no environment left", got)
	}
}

func TestDeadlineReachesTheFunction(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{Timeout: 3 * time.Second})
	res := get(t, b, "/deadline")
	left, cause, _ := strings.Cut(res.body, " ")
	if ms, err := strconv.Atoi(left); err != nil || ms > 1500 || ms < 100 {
		t.Errorf("got %q ms left at the start, want nearly 1500, half of the timeout", left)
	}
	if !strings.Contains(cause, "deadline") || b.Stats().TimedOut != 0 {
		t.Errorf("got cause %q, figures %+v, want a warning in time", cause, b.Stats())
	}
}

func TestProcessesThatNeverPoll(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, mode, kind string
		limit            time.Duration
	}{
		{"exits", "exit", "Runtime.ExitError", time.Minute},
		{"hangs", "hang", "Sandbox.Timedout", 100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, lambdabed.Config{Env: []string{"ECHOFN=" + tt.mode}, InitTimeout: tt.limit, Environments: 1})
			for range 2 { // the failed one must not keep its place
				_, err := b.Invoke(t.Context(), []byte(`{}`))
				var failure *lambdabed.FunctionError
				if !errors.As(err, &failure) || failure.Type != tt.kind {
					t.Errorf("got %v, want a %s", err, tt.kind)
				}
			}
			if got := b.Stats(); got.Environments != 0 || got.ColdStarts != 2 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=direct"}})
	schedule, err := os.ReadFile("../../events/rebalance.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Invoke(t.Context(), schedule)
	if err != nil {
		t.Fatal(err)
	}
	var sent, back map[string]any
	if json.Unmarshal(schedule, &sent) != nil || json.Unmarshal(got, &back) != nil || len(back) != len(sent) || back["source"] != "aws.scheduler" {
		t.Errorf("got %s, want the event", got)
	}
	_, err = b.Invoke(t.Context(), []byte(`"fail"`))
	var failure *lambdabed.FunctionError
	if !errors.As(err, &failure) || failure.Message != "asked to fail" {
		t.Errorf("got %v, want the function's own error", err)
	}
}

func TestRudeRuntimeIsRefused(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=rude"}, Environments: 1})
	want := []string{
		"poll without an answer 403, foreign id 400, second answer 0",
		"poll without an answer 403, foreign id 400, second answer 400",
	}
	for _, want := range want {
		res := get(t, b, "/")
		if res.body != want || res.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("got %q as %q, want %q as plain bytes", res.body, res.Header.Get("Content-Type"), want)
		}
	}
}

func TestInvokeGivesUpWaitingOnly(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		event := `{"rawPath":"/stream","rawQueryString":"visit=` + g.URL + `","requestContext":{"http":{"method":"GET"}}}`
		if _, err := b.Invoke(ctx, []byte(event)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	<-g.visits
	cancel()
	wg.Wait()
	g.release <- struct{}{}
	g.pass()
	g.pass()
	wait(t, b, func(s lambdabed.Stats) bool { return s.Busy == 0 && s.Environments == 1 })
}

func TestShutdownIsAnnouncedToThoseWhoAsked(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=sigterm", "ECHOFN_VISIT=" + g.URL}, FreezeBetween: true, ShutdownGrace: time.Minute})
	getIdle(t, b, "/pid")
	closed := make(chan error)
	go func() { closed <- b.Close() }()
	g.pass()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestShutdownWaitsNoLongerThanItsGrace(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=sigterm", "ECHOFN_VISIT=" + g.URL}, ShutdownGrace: 50 * time.Millisecond})
	getIdle(t, b, "/pid")
	if err := b.Close(); err != nil { // although the visit would never end
		t.Error(err)
	}
}

func TestCloseCutsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	res, err := http.Get(b.URL() + "/stream?visit=" + g.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-g.visits
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Invoke(t.Context(), nil); !errors.Is(err, lambdabed.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestEnvironmentVariables(t *testing.T) {
	t.Setenv("FALLOW_OUTSIDE", "leaked")
	b := start(t, lambdabed.Config{FunctionName: "gateway", Env: []string{"FALLOW_TABLE=state"}})
	for name, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "gateway",
		"LAMBDA_TASK_ROOT":         filepath.Dir(binary),
		"AWS_REGION":               "us-east-1",
		"FALLOW_TABLE":             "state",
		"FALLOW_OUTSIDE":           "",
	} {
		if got := get(t, b, "/env?name="+name).body; got != want {
			t.Errorf("got %s=%q, want %q", name, got, want)
		}
	}
}

func TestStartRefusesAProgramThatCannotRun(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"no-such-file", "bed_test.go"} {
		if b, err := lambdabed.Start(lambdabed.Config{Binary: path}); err == nil {
			b.Close()
			t.Errorf("%s was accepted", path)
		}
	}
}

func TestColdStart(t *testing.T) {
	t.Parallel()
	began, polled, err := lambdabed.ColdStart(t.Context(), lambdabed.Config{Binary: binary})
	if took := polled.Sub(began); err != nil || began.IsZero() || took <= 0 || took > 5*time.Second {
		t.Errorf("got %s, %v", took, err)
	}
	if _, _, err := lambdabed.ColdStart(t.Context(), lambdabed.Config{Binary: binary, Env: []string{"ECHOFN=exit"}}); err == nil {
		t.Error("a program that exits was measured")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := lambdabed.ColdStart(ctx, lambdabed.Config{Binary: binary, Env: []string{"ECHOFN=hang"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func BenchmarkWarmRequest(b *testing.B) {
	bed, err := lambdabed.Start(lambdabed.Config{Binary: binary, Environments: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer bed.Close()
	b.ReportAllocs()
	for b.Loop() {
		res, err := http.Get(bed.URL() + "/pid")
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(err, res)
		}
		io.Copy(io.Discard, res.Body) // only then is the environment as good as free
		res.Body.Close()
	}
}

func BenchmarkColdStart(b *testing.B) {
	var total time.Duration
	for b.Loop() {
		began, polled, err := lambdabed.ColdStart(b.Context(), lambdabed.Config{Binary: binary})
		if err != nil {
			b.Fatal(err)
		}
		total += polled.Sub(began)
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N)/1000, "ms/first-poll")
}
