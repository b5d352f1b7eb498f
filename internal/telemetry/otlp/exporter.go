package otlp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what an Exporter is made of.
type Config struct {
	// Endpoint is the URL that takes traces, as http://127.0.0.1:4318/v1/traces.
	// Required.
	Endpoint string
	// Headers go with every post; they are where collectors want their keys.
	Headers map[string]secret.Value
	// Service and Attributes describe the process; no service means "fallow".
	Service    string
	Attributes map[string]string
	// Timeout bounds one post; 0 means 10 s.
	Timeout time.Duration
	// Inline posts within Observe. It is for Lambda, where Observe is called
	// after the answer and nothing runs once the instance is frozen: there the
	// bound on a post is 1 s at most, which the next request may have to wait.
	Inline bool
	// Client sends; nil means one of its own, which follows no redirects.
	Client *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log takes the loss of the collector; nil discards.
	Log *slog.Logger
}

const (
	longestInline = time.Second
	// pause is how long a collector that failed is left alone. Spans of that
	// time are lost: to keep them would cost memory when all else is in trouble
	// as well.
	pause = 15 * time.Second
	// linger gathers the spans of several requests into one post.
	linger = time.Second
)

// Exporter is a telemetry.Sink that exports the traces of requests. It is safe
// for concurrent use; Close ends it.
type Exporter struct {
	cfg      Config
	resource resource
	queue    *telemetry.Queue // nil when Inline
	lost     atomic.Uint64

	mu      sync.Mutex // guards retryAt
	retryAt time.Time
}

var _ telemetry.Sink = (*Exporter)(nil)

// New makes an exporter. It does no I/O.
func New(cfg Config) *Exporter {
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	if cfg.Inline {
		cfg.Timeout = min(cfg.Timeout, longestInline)
	}
	if cfg.Client == nil {
		// A redirect would carry the headers to another host.
		cfg.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	x := &Exporter{cfg: cfg, resource: describe(cfg)}
	if !cfg.Inline {
		x.queue = telemetry.NewQueue(telemetry.QueueConfig{Deliver: x.deliver, Linger: linger})
	}
	return x
}

// Observe implements telemetry.Sink. Only requests whose trace is recorded count.
func (x *Exporter) Observe(ctx context.Context, e telemetry.Event) {
	r, ok := e.(telemetry.Request)
	switch {
	case !ok || !r.Trace.Sampled:
	case x.queue != nil:
		x.queue.Observe(ctx, e)
	default:
		x.deliver(ctx, []telemetry.Event{e})
	}
}

// Dropped counts the requests whose spans were lost.
func (x *Exporter) Dropped() uint64 {
	n := x.lost.Load()
	if x.queue != nil {
		n += x.queue.Dropped()
	}
	return n
}

// Close posts what waits, until ctx ends.
func (x *Exporter) Close(ctx context.Context) error {
	defer x.cfg.Client.CloseIdleConnections()
	if x.queue == nil {
		return nil
	}
	return x.queue.Close(ctx)
}

// deliver posts the spans of a batch, unless the collector has just failed.
func (x *Exporter) deliver(ctx context.Context, events []telemetry.Event) {
	if !x.admit() {
		x.lost.Add(uint64(len(events)))
		return
	}
	var spans []span
	for _, e := range events {
		spans = append(spans, spansOf(e.(telemetry.Request))...) // Observe lets nothing else in
	}
	if err := x.post(ctx, spans); err != nil {
		x.lost.Add(uint64(len(events)))
		x.fail(err)
	}
}

func (x *Exporter) admit() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	left := x.retryAt.Sub(x.cfg.Now())
	return left <= 0 || left > pause // longer than a pause: the clock was set back
}

func (x *Exporter) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.retryAt = x.cfg.Now().Add(pause)
	x.cfg.Log.Warn("traces not exported, the collector is left alone for a while", "error", err, "pause", pause)
}

func (x *Exporter) post(ctx context.Context, spans []span) error {
	body, err := json.Marshal(request{[]resourceSpans{{x.resource, []scopeSpans{{scope{scopeName}, spans}}}}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, x.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.cfg.Endpoint, bytes.NewReader(body))
	if err != nil {
		return errors.New("the endpoint is not a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range x.cfg.Headers {
		req.Header.Set(name, value.Reveal())
	}
	resp, err := x.cfg.Client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %d", resp.StatusCode)
	}
	return nil
}

// withoutURL takes the endpoint out of an error: some collectors want their key
// in its query.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
