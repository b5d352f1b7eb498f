// Package gateway is the HTTP surface of Fallow. Read from serve.go on, it is
// the story of one request: authenticate, parse, route, book a key, send,
// learn from the answer, relay it, settle.
//
// The story is one for all client APIs; what is particular to each stands in its
// surface (surface.go and the files named after it). Two things have a shorter
// one: what providers keep (kept.go), and raw calls (passthrough.go).
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/redact"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what a Gateway is made of.
type Config struct {
	// Document is the validated configuration. Required.
	Document *config.Config
	// Upstreams by pool name; one for each pool of the document. Required.
	Upstreams map[string]*Upstream
	// Secrets resolves references. Required.
	Secrets Secrets
	// Observe takes one event a request; nil discards.
	Observe func(context.Context, telemetry.Request)
	// Content takes what routes have logged of prompts and answers, redacted,
	// one event a request; with nil nothing of the kind is kept.
	Content func(context.Context, telemetry.Content)
	// Trace begins the traces of requests; nil begins none.
	Trace *telemetry.Tracer
	// After runs what the client need not wait for, once the answer is out. It
	// must have run before the process ends or is frozen. Nil means at once,
	// which makes the client wait.
	After func(context.Context, func(context.Context))
	// LocalAdmin opens /admin to loopback callers when the document names no
	// admin token. Only a server on this machine may set it.
	LocalAdmin bool
	// InForce tells which document Document is, for /readyz; nil means that it
	// does not say. It is asked anew each time: a rollback to the text that is
	// served makes no new gateway.
	InForce func() InForce
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand returns numbers in [0,1) for back-off jitter; nil means math/rand.
	Rand func() float64
	// Ratios are what is known of token sizes; nil means that they are learned
	// here alone.
	Ratios *estimate.Ratios
	// Log takes what operators should see; nil discards.
	Log *slog.Logger
}

// Secrets gives the credential behind a reference.
type Secrets interface {
	// Get returns the current value, or the last good one when its source fails.
	Get(ctx context.Context, ref secret.Ref) (secret.Value, error)
	// Renew is called when a provider refused old. It reads the source again
	// and reports whether the value has changed.
	Renew(ctx context.Context, ref secret.Ref, old secret.Value) (fresh secret.Value, changed bool, err error)
}

// Upstream is a pool as the gateway uses it: who decides, how to speak, where.
type Upstream struct {
	Pool    *pool.Pool
	Dialect provider.Dialect
	// BaseURL has no trailing slash.
	BaseURL string
	// Keys gives the secret reference of each key name.
	Keys     map[string]secret.Ref
	Timeouts config.Timeouts
	// Learned is called after each answer, once the client has it, so that what
	// was learned of token sizes can be shared. Nil means that it is not.
	Learned func(context.Context)
	// Price is what a model costs there; nil means that nobody knows.
	Price func(model string) (prices.Price, bool)
	// Formula sizes what is not text for a model; nil sizes images only, and
	// those flat.
	Formula func(model string) estimate.Formula
	// Client sends; it must not follow redirects, lest a credential leave for
	// another host.
	Client *http.Client
}

// Gateway serves the API. It is an http.Handler, safe for concurrent use.
type Gateway struct {
	cfg      Config
	clients  []client
	admin    secret.Ref
	edge     []secret.Ref // of the proxy in front
	models   modelList
	ratios   *estimate.Ratios // bytes per token, as learned
	trouble  *overload.Guard  // of providers, not of keys
	redactor *redact.Redactor // for what is logged of others' words
	mux      *http.ServeMux   // what is served
	handler  http.Handler
}

// New makes a gateway. It does no I/O; a secret that cannot be read shows in
// /readyz and in the answers of those who need it.
func New(cfg Config) (*Gateway, error) {
	if cfg.Observe == nil {
		cfg.Observe = func(context.Context, telemetry.Request) {}
	}
	if cfg.After == nil {
		cfg.After = func(ctx context.Context, work func(context.Context)) { work(ctx) }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Ratios == nil {
		cfg.Ratios = &estimate.Ratios{}
	}
	g := &Gateway{cfg: cfg, ratios: cfg.Ratios, trouble: overload.NewGuard(overload.Config{Now: cfg.Now, Rand: cfg.Rand})}
	if err := g.readCredentials(cfg.Document); err != nil {
		return nil, err
	}
	var err error
	if g.redactor, err = redact.New(cfg.Document.Redaction()); err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	g.handler = g.guard(g.behindEdge(g.routes()))
	return g, nil
}

// tidyPath takes "/v1//chat/completions/" for what it means: a base URL that
// ends in a slash makes such paths. A ServeMux would redirect, and HTTP clients
// follow that with a GET.
func tidyPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tidy := path.Clean("/" + r.URL.Path); tidy != r.URL.Path {
			u := *r.URL
			u.Path, u.RawPath = tidy, ""
			r = r.WithContext(r.Context()) // a copy: the request is the server's
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }
