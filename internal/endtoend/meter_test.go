//go:build e2e

package endtoend

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// meter stands before the DynamoDB emulator and counts what is asked of it.
type meter struct {
	url string

	mu    sync.Mutex // guards what follows
	calls tableCalls
}

// tableCalls are calls on the table that were answered, with the failed
// conditions among the writes, and those whose caller did not wait for that.
type tableCalls struct{ reads, writes, failed, abandoned int }

func newMeter(t *testing.T, endpoint string) *meter {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: m.note,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			m.count(tableCalls{abandoned: 1})
			w.WriteHeader(http.StatusBadGateway)
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// note counts an answered call. Whether a condition failed stands in the body.
func (m *meter) note(resp *http.Response) error {
	_, operation, _ := strings.Cut(resp.Request.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var c tableCalls
	switch operation {
	case "UpdateItem":
		c.writes++
	case "Query", "GetItem":
		c.reads++
	}
	if bytes.Contains(body, []byte("ConditionalCheckFailedException")) {
		c.failed++
	}
	m.count(c)
	return nil
}

func (m *meter) count(c tableCalls) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls.reads += c.reads
	m.calls.writes += c.writes
	m.calls.failed += c.failed
	m.calls.abandoned += c.abandoned
}

// take returns what was counted since it was last called.
func (m *meter) take() tableCalls {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = tableCalls{}
	return calls
}
