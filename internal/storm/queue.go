package storm

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// The queue that teams build first: as many workers as there were calls at
// once, each of which tries its job again until it is done. Times are the
// scenario's.
const (
	queueWorkers = 32
	firstBackoff = time.Second
	mostBackoff  = time.Minute
)

// Queue is one key behind a queue. A job keeps its worker while that waits to
// try again, up to a quarter less than twice as long each time; jobs are begun
// in the order in which they came.
func Queue() Contestant {
	return Contestant{
		Name: "queue", About: "one key behind a queue of 32 workers with exponential back-off", OneKey: true,
		Start: func(_ context.Context, w World) (Entry, error) {
			provider, err := url.Parse(w.Provider)
			if err != nil {
				return Entry{}, err
			}
			next := newTransport()
			q := &queue{pace: newPace(w.Compress), random: lottery(w.Seed), workers: make(chan struct{}, queueWorkers), next: next}
			server, err := listen(q.handler(provider))
			if err != nil {
				return Entry{}, err
			}
			return Entry{URL: server.url, Native: true, Token: w.Keys[0], Close: func() error {
				defer next.CloseIdleConnections()
				return server.close()
			}}, nil
		},
	}
}

type queue struct {
	pace    *pace
	workers chan struct{}
	random  func() float64
	next    http.RoundTripper
}

// handler lets a request in when a worker is free, until its answer has ended.
func (q *queue) handler(provider *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(provider) },
		Transport:     q,
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // or nobody notices that the client leaves
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		select { // those who wait are served in order
		case q.workers <- struct{}{}:
			defer func() { <-q.workers }()
			if r.Context().Err() == nil { // both may have come at once
				proxy.ServeHTTP(w, r)
			}
		case <-r.Context().Done():
		}
	})
}

// RoundTrip implements http.RoundTripper: it asks until the provider accepts.
func (q *queue) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for backoff := firstBackoff; ; backoff = min(2*backoff, mostBackoff) {
		try := r.Clone(r.Context())
		try.Body, try.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp, err := q.next.RoundTrip(try)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
			return resp, err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close() // it was read
		wait := time.Duration(float64(backoff) * (1 - q.random()/4))
		if !sleep(r.Context(), q.pace.real(wait)) {
			return nil, r.Context().Err()
		}
	}
}

var _ http.RoundTripper = (*queue)(nil)
