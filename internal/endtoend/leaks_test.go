//go:build e2e

package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fallow-dev/fallow/internal/endtoend/leaks"
)

// planted are the secrets of all rigs. They are the same in each, for tests name
// them; what is found belongs to the rig that it left.
var planted leaks.Marks

var (
	botToken     = planted.Plant("client token", "fallow-")
	adminToken   = planted.Plant("admin token", "fallow-admin-")
	collectorKey = planted.Plant("collector's key", "hc-")
	cookie       = planted.Plant("client's cookie", "s%3A")
	secretKey    = planted.Plant("AWS secret key", "")
	sessionToken = planted.Plant("AWS session token", "IQoJb3JpZ2luX2Vj")
	accessKey    = plantAccessKey("AWS access key's id")
)

func providerKey(n int) string {
	return planted.Plant(fmt.Sprintf("provider key %d", n), "sk-ant-api03-")
}

// organisation is how OpenAI's headers name an account, accountID how Anthropic's
// do.
func organisation(n int) string { return planted.Plant(fmt.Sprintf("organisation %d", n), "org-") }

func accountID(n int) string {
	id := fmt.Sprintf("5ec7e7%02d-dead-4bee-8f00-c0ffee5ec7%02d", n, n)
	planted.Add(fmt.Sprintf("account id %d", n), id)
	return id
}

// plantAccessKey is of the form that AWS gives them: no secret by itself, but half
// of one.
func plantAccessKey(name string) string {
	id := "AKIA" + strings.ToUpper(planted.Plant(name+", lower case", "")[:16])
	planted.Add(name, id)
	return id
}

// rigs are the collectors by the host that answers.
var rigs sync.Map

// rigOf finds who collects what a gateway answers; nil if it is none of a rig.
func rigOf(r *http.Request) *leaks.Collector {
	c, _ := rigs.Load(r.URL.Host)
	found, _ := c.(*leaks.Collector)
	return found
}

// collectFrom takes what a gateway answers from now on and, before it ends, what
// it shows of itself.
func (r *rig) collectFrom(t *testing.T, base string) {
	t.Helper()
	host := strings.TrimPrefix(base, "http://")
	rigs.Store(host, r.leaks)
	t.Cleanup(func() {
		r.lookAt(base)
		rigs.Delete(host)
	})
}

// lookAt reads what a gateway shows to operators, and what it answers to those
// who are none. Whatever it answers is taken by httpClient; that it may have been
// ended by its test is no fault.
func (r *rig) lookAt(base string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, token := range []string{adminToken, botToken} {
		for _, path := range []string{"/admin/v1/pools", "/metrics", "/readyz", "/v1/models"} {
			req, err := http.NewRequestWithContext(ctx, "GET", base+path, nil)
			if err != nil {
				panic(err) // the URL was good enough for the test
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := httpClient.Do(req)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
}

// tap is a URL that other programs may use for a gateway's: what they are answered
// is taken on the way.
func (r *rig) tap(t *testing.T, base string) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target) },
		FlushInterval: -1,
		Transport: leaks.Transport{
			Next: &http.Transport{MaxIdleConnsPerHost: 100}, Of: func(*http.Request) *leaks.Collector { return r.leaks },
		},
		ErrorLog: log.New(io.Discard, "", 0), // of clients that go away in the middle
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		// The whole body first: a server closes it when an answer begins, and a
		// transport that has not seen its end by then breaks the connection.
		body, err := io.ReadAll(req.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// exportTraces lets the processes that are started from now on export traces to a
// collector which takes them, and refuses the first with a quote of its key. Tests
// that measure do without, and those that send much trace only part of it.
func (r *rig) exportTraces(t *testing.T, part float64) {
	t.Helper()
	var first sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("X-Collector-Key") != collectorKey {
			t.Error("the collector was called without its key: nothing was planted there")
		}
		req.Header.Del("X-Collector-Key")
		body, _ := io.ReadAll(req.Body) // what a process that ends has sent is taken all the same
		r.leaks.TakeHeader("traces: head", req.Header)
		r.leaks.Take("traces", body)
		first.Do(func() { http.Error(w, "no such key: "+collectorKey, http.StatusUnauthorized) })
	}))
	t.Cleanup(server.Close)
	r.more = append(r.more, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-collector-key="+collectorKey,
		"OTEL_TRACES_SAMPLER=traceidratio", fmt.Sprintf("OTEL_TRACES_SAMPLER_ARG=%g", part))
}

// command runs bin/fallow to its end and returns what it printed, on both, and its
// exit code.
func (r *rig) command(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t, "fallow"), args...)
	cmd.Env = r.env()
	printed, err := cmd.CombinedOutput()
	r.leaks.Take("command: "+strings.Join(args[:min(2, len(args))], " "), printed)
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(printed), cmd.ProcessState.ExitCode()
}

// reckon searches what the processes have left behind and tells what was found,
// there and on the way.
func (r *rig) reckon(t *testing.T) {
	t.Helper()
	r.leaks.Take("log", []byte(r.logs.String()))
	r.takeTable(t)
	if missing := r.leaks.Missing(r.wanted...); len(missing) > 0 {
		t.Errorf("nothing was taken of %v, so nothing is proved", missing)
	}
	for _, l := range r.leaks.Leaks() {
		t.Error(l)
	}
}

// takeTable reads all that was written to the table.
func (r *rig) takeTable(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pages := dynamodb.NewScanPaginator(r.dynamo.Client(), &dynamodb.ScanInput{TableName: &r.table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Errorf("what was written to the table cannot be read: %v", err)
			return
		}
		for _, item := range page.Items {
			text, err := json.Marshal(item)
			if err != nil {
				t.Fatal(err)
			}
			r.leaks.Take("table", text)
		}
	}
}
