package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// transport answers without a network, so that a test may own time.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// reply is an answer with a body that is read as it comes.
func reply(r *http.Request, status int, header http.Header, body io.Reader) (*http.Response, error) {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: header, Body: io.NopCloser(body), ContentLength: -1,
	}, nil
}

// saying answers every call with status 200 and the body.
func saying(body string) transport {
	return func(r *http.Request) (*http.Response, error) { return reply(r, 200, nil, strings.NewReader(body)) }
}

// refusing answers every call with an error.
func refusing(status int, header http.Header, body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		return reply(r, status, header, strings.NewReader(body))
	}
}

// lines is a body of server-sent events.
func lines(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		fmt.Fprintf(&b, "data: %s\n\n", d)
	}
	return b.String()
}

// stalling sends what it has and then nothing, until the call is ended.
func stalling(body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, nil, io.MultiReader(strings.NewReader(body), until(r.Context())))
	}
}

// until is a body that is silent until ctx ends.
type untilDone struct{ ctx context.Context }

func until(ctx context.Context) io.Reader { return untilDone{ctx} }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, context.Cause(u.ctx)
}

// paced yields its pieces one by one, every one after a time.
type paced struct {
	ctx    context.Context
	every  time.Duration
	pieces []string
	rest   io.Reader
}

func (p *paced) Read(b []byte) (int, error) {
	if len(p.pieces) == 0 {
		return p.rest.Read(b)
	}
	select {
	case <-time.After(p.every):
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	}
	n := copy(b, p.pieces[0])
	p.pieces = p.pieces[1:]
	return n, nil
}

// upstreamOf is a pool of that dialect, with a key for each name, called name.
type upstreamOf struct {
	name    string
	keys    []string
	dialect provider.Dialect
	answer  transport
	wait    time.Duration
	formula func(model string) estimate.Formula
}

// inProcess is a gateway without a network on either side.
type inProcess struct {
	*gateway.Gateway
	secrets *secrets
	pools   map[string]*pool.Pool
	doc     *config.Config
	log     *bytes.Buffer

	mu      sync.Mutex // guards what follows
	settled int        // work done after answers
	events  []telemetry.Request
}

// newInProcess makes a gateway whose every model leads to the upstreams in
// their order.
func newInProcess(tb testing.TB, ups ...upstreamOf) *inProcess {
	tb.Helper()
	return newInProcessOf(tb, func(*config.Config) {}, ups...)
}

// newInProcessOf makes one whose document is changed first.
func newInProcessOf(tb testing.TB, change func(*config.Config), ups ...upstreamOf) *inProcess {
	tb.Helper()
	p := &inProcess{secrets: &secrets{values: map[string]string{}, renewed: map[string]string{}}, pools: map[string]*pool.Pool{}, log: &bytes.Buffer{}}
	doc := &config.Config{
		Clients: config.Clients{Auth: config.AuthNone}, Limits: config.Limits{BodyBytes: 1 << 20},
		Pools: map[string]config.Pool{},
	}
	upstreams := map[string]*gateway.Upstream{}
	var chain []config.Target
	for _, u := range ups {
		upstreams[u.name] = p.upstream(u)
		doc.Pools[u.name] = config.Pool{Provider: fmt.Sprintf("%T", upstreams[u.name].Dialect), WaitBudget: config.Duration(u.wait)}
		chain = append(chain, config.Target{Pool: u.name})
	}
	doc.Models = map[string]config.Route{"*": {Targets: chain}}
	change(doc)
	p.doc = doc
	var err error
	p.Gateway, err = gateway.New(gateway.Config{
		Document: doc, Upstreams: upstreams, Secrets: p.secrets, LocalAdmin: true,
		Log:  slog.New(slog.NewTextHandler(&lockedWriter{mu: &p.mu, w: p.log}, nil)),
		Rand: func() float64 { return 0.5 },
		After: func(ctx context.Context, work func(context.Context)) {
			work(context.WithoutCancel(ctx))
			p.mu.Lock()
			defer p.mu.Unlock()
			p.settled++
		},
		Observe: func(_ context.Context, r telemetry.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.events = append(p.events, r)
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *inProcess) upstream(u upstreamOf) *gateway.Upstream {
	minute := config.Duration(time.Minute)
	if u.dialect == nil {
		u.dialect = openai.New(openai.Config{})
	}
	up := &gateway.Upstream{
		Dialect: u.dialect, BaseURL: "https://" + u.name + ".example", Keys: map[string]secret.Ref{},
		Timeouts: config.Timeouts{FirstToken: minute, Idle: minute, Total: 14 * minute}, Client: &http.Client{Transport: u.answer}, Formula: u.formula,
	}
	var keys []pool.Key
	for _, k := range u.keys {
		p.secrets.values[k] = "secret-of-" + k
		up.Keys[k] = secret.Ref{Scheme: "env", ID: k}
		keys = append(keys, pool.Key{Name: k, Weight: 1})
	}
	up.Pool = pool.New(pool.Config{Name: u.name, Keys: keys, Table: embedded.NewMemory(), WaitBudget: u.wait, Rand: func() float64 { return 0 }})
	p.pools[u.name] = up.Pool
	return up
}

// post serves one request and returns what was written.
func (p *inProcess) post(ctx context.Context, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", "/v1/chat/completions", strings.NewReader(body)))
	return w
}

// do serves one request with headers, given as name and value.
func (p *inProcess) do(ctx context.Context, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// only returns the one event there must be.
func (p *inProcess) only(t *testing.T) telemetry.Request {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.events) != 1 || p.settled != 1 {
		t.Fatalf("%d events and %d settlements, want one each", len(p.events), p.settled)
	}
	return p.events[0]
}

// noRest fails if a key or group of any pool rests.
func (p *inProcess) noRest(t *testing.T) {
	t.Helper()
	for name, pl := range p.pools {
		for _, g := range pl.State(context.Background()).Groups {
			for _, k := range g.Keys {
				if len(g.Rests) > 0 || len(k.Rests) > 0 {
					t.Errorf("pool %s: group %s rests %v, key %s rests %v; want nobody blamed", name, g.Name, g.Rests, k.Name, k.Rests)
				}
			}
		}
	}
}
