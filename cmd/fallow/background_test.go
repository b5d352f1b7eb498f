package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// TestBackgroundOutlivesItsRequest: the work goes on when the request's context
// has ended, and is waited for.
func TestBackgroundOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	b := &background{log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var err error
	b.run(ctx, func(ctx context.Context) { err = ctx.Err() })
	if b.Wait(); err != nil {
		t.Errorf("context of the work: %v, want one that has not ended", err)
	}
}

func TestBackgroundSurvivesPanics(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := &background{log: slog.New(slog.NewTextHandler(&log, nil))}
	b.run(t.Context(), func(context.Context) { panic("a bug") })
	if b.Wait(); !strings.Contains(log.String(), "a bug") {
		t.Errorf("log = %q, want the cause", log.String())
	}
}

// TestRequestsAreAwaited: one that is cut may still have something to settle.
func TestRequestsAreAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &background{log: slog.New(slog.DiscardHandler)}
		cut, settled := make(chan struct{}), false
		h := b.awaited(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-cut
			b.run(r.Context(), func(context.Context) { settled = true })
		}))
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
		synctest.Wait()
		waited := make(chan struct{})
		go func() { b.Wait(); close(waited) }()
		synctest.Wait()
		close(cut)
		if <-waited; !settled {
			t.Error("the process would have ended before the request had settled")
		}
	})
}
