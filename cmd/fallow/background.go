package main

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
)

// background is work that no client waits for and the process must outlast.
type background struct {
	sync.WaitGroup
	log *slog.Logger
}

// run does f beside everything else. A panic in it is logged and ends nothing
// else, as on Lambda.
func (b *background) run(ctx context.Context, f func(context.Context)) {
	b.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				b.log.Error("work after an answer panicked", "cause", cause, "stack", string(debug.Stack()))
			}
		}()
		f(context.WithoutCancel(ctx))
	})
}

// awaited counts the requests that h serves as such work. A request whose
// answer was cut at the end of the drain still has its booking to settle, and
// may only get to that after the server has closed.
func (b *background) awaited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.Add(1)
		defer b.Done()
		h.ServeHTTP(w, r)
	})
}
