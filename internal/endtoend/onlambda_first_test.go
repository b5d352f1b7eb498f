//go:build e2e && bench

package endtoend

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// systemRoots is where the certificates that a client trusts stand on Debian;
// reading some 140 of them is part of a first request with TLS.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// printFirstRequests prints how the first request of an environment gets on,
// the start included, and the second.
func (r *rig) printFirstRequests(t *testing.T, groups *cgroup.Hierarchy) {
	t.Helper()
	fmt.Println("| processor | to others | secrets: asked / read | table: asked / answered | table calls given up, a start | provider is called | answer ends | second request: provider is called | answer ends |\n|---|---|---|---|---|---|---|---|---|")
	for _, secure := range []bool{false, true} {
		for _, memory := range memorySizes {
			name := map[bool]string{false: "plain", true: "TLS"}[secure]
			c := r.firsts(t, secure, limitedTo(groups, memory, 1))
			fmt.Printf("| %s | %s | %s / %s | %s / %s | %.1f | %s | %s | %s | %s |\n", sizeName(memory), name,
				spread(c.secretsAsked, 50), spread(c.secretsRead, 50), spread(c.tableAsked, 50), spread(c.tableAnswered, 50), float64(c.givenUp)/float64(*starts),
				spread(c.called, 50), spread(c.ended, 50), spread(c.calledAgain, 50), spread(c.endedAgain, 50))
		}
	}
	fmt.Println()
}

// firsts are times since a request was sent, of several environments.
type firsts struct {
	secretsAsked, secretsRead, tableAsked, tableAnswered, called, ended []time.Duration
	calledAgain, endedAgain                                             []time.Duration
	givenUp                                                             int // calls of the table, by both requests
}

func (r *rig) firsts(t *testing.T, secure bool, limit func(*lambdabed.Config)) (f firsts) {
	t.Helper()
	seen := &observer{secure: secure}
	secrets, tables, provider := seen.before(t, "secrets", r.secrets.URL), seen.before(t, "table", r.tables), seen.before(t, "provider", r.sim.URL())
	config := r.moved(t, provider)
	bed := r.function(t, "gateway", 1, limit, func(c *lambdabed.Config) {
		c.Env = append(c.Env, "FALLOW_CONFIG="+config, "SSL_CERT_FILE="+seen.roots(t), "SSL_CERT_DIR="+t.TempDir(),
			"AWS_ENDPOINT_URL_SECRETS_MANAGER="+secrets, "AWS_ENDPOINT_URL_DYNAMODB="+tables)
	})
	add := func(to *[]time.Duration, d time.Duration) { *to = append(*to, d) }
	for n := range *starts {
		bed.Retire()
		seen.begin()
		first := r.settled(t, bed, n)
		add(&f.secretsAsked, seen.first("secrets", arrived))
		add(&f.secretsRead, seen.last("secrets", done))
		add(&f.tableAsked, seen.first("table", arrived))
		add(&f.tableAnswered, seen.last("table", done))
		add(&f.called, seen.first("provider", arrived))
		add(&f.ended, first)
		f.givenUp += seen.cut("table")
		seen.begin()
		second := r.settled(t, bed, n)
		add(&f.calledAgain, seen.first("provider", arrived))
		add(&f.endedAgain, second)
		f.givenUp += seen.cut("table")
	}
	return f
}

// settled sends a request and waits until the environment is free again.
func (r *rig) settled(t *testing.T, bed *lambdabed.Bed, n int) time.Duration {
	t.Helper()
	took := send(t, r.chat(bed.URL(), kinds[0], n), firstPiece, kinds[0].stream)
	if err := bed.Wait(t.Context(), lambdabed.Idle); err != nil {
		t.Fatal(err)
	}
	return took.end
}

// moved is a config document that finds the provider elsewhere.
func (r *rig) moved(t *testing.T, provider string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	document := strings.ReplaceAll(r.document(), r.sim.URL(), provider)
	if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// observer stands before the services and keeps when they were called.
type observer struct {
	secure bool
	server *httptest.Server // any of them; all have the same certificate

	mu    sync.Mutex // guards what follows
	began time.Time
	calls []call
}

type call struct {
	service       string
	arrived, done time.Duration // since the observation began; done is 0 until then
	givenUp       bool          // its caller did not wait for the answer
}

func arrived(c call) time.Duration { return c.arrived }
func done(c call) time.Duration    { return c.done }

func (o *observer) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began, o.calls = time.Now(), nil
}

// before puts the observer before a service and returns the URL to use instead.
func (o *observer) before(t *testing.T, service, at string) string {
	t.Helper()
	target, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
		ErrorLog:  log.New(io.Discard, "", 0), // callers that do not wait are counted
	}
	o.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := o.note(service)
		proxy.ServeHTTP(w, r)
		o.end(n, r.Context().Err() != nil)
	}))
	t.Cleanup(o.server.Close)
	if !o.secure {
		o.server.Start()
		return o.server.URL
	}
	o.server.EnableHTTP2 = true // as the real ones
	o.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	o.server.StartTLS()
	return o.server.URL
}

func (o *observer) note(service string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, call{service: service, arrived: time.Since(o.began)})
	return len(o.calls) - 1
}

func (o *observer) end(n int, givenUp bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n < len(o.calls) { // not of an observation before
		o.calls[n].done, o.calls[n].givenUp = time.Since(o.began), givenUp
	}
}

// cut counts a service's calls that were given up.
func (o *observer) cut(service string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		if c.service == service && c.givenUp {
			n++
		}
	}
	return n
}

// first is a time of the first call of a service.
func (o *observer) first(service string, of func(call) time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		if c.service == service {
			return of(c)
		}
	}
	return 0
}

// last is a time of the last call of a service before the provider's.
func (o *observer) last(service string, of func(call) time.Duration) (last time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		if c.service == "provider" {
			break
		}
		if c.service == service {
			last = max(last, of(c))
		}
	}
	return last
}

// roots is a file of the certificates to trust: the system's and the
// observer's. Directories, which Go reads as well, are left out: what is in
// them differs from system to system.
func (o *observer) roots(t *testing.T) string {
	t.Helper()
	all, err := os.ReadFile(systemRoots)
	if err != nil && o.secure {
		t.Fatal(err)
	}
	if o.secure {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.server.Certificate().Raw})...)
	}
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
