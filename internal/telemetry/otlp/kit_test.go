package otlp_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is the other end, without a network, so that it can live in a
// synctest bubble.
type collector struct {
	mu     sync.Mutex
	status int // 0 means 200
	fails  bool
	stuck  chan struct{} // if not nil, posts wait for it or their context
	posts  []*http.Request
	bodies []export
}

// RoundTrip implements http.RoundTripper.
func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var e export
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posts, c.bodies = append(c.posts, r), append(c.bodies, e)
	if c.stuck != nil {
		select {
		case <-c.stuck:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if c.fails {
		return nil, errors.New("connection refused")
	}
	status := c.status
	if status == 0 {
		status = 200
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
}

func (c *collector) client() *http.Client { return &http.Client{Transport: c} }

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.posts)
}

func (c *collector) set(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// export is OTLP's ExportTraceServiceRequest, as a collector reads it.
type export struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes []attribute }
		ScopeSpans []struct {
			Scope struct{ Name string }
			Spans []span
		}
	}
}

type span struct {
	TraceID, SpanID, ParentSpanID, TraceState, Name string
	Kind                                            int
	StartTimeUnixNano, EndTimeUnixNano              int64 `json:",string"`
	Attributes                                      []attribute
	Events                                          []struct {
		TimeUnixNano int64 `json:",string"`
		Name         string
	}
	Status struct{ Code int }
}

type attribute struct {
	Key   string
	Value struct {
		StringValue *string
		IntValue    *int64 `json:",string"`
		BoolValue   *bool
	}
}

// facts puts attributes into a map.
func facts(list []attribute) map[string]any {
	found := map[string]any{}
	for _, a := range list {
		switch v := a.Value; {
		case v.StringValue != nil:
			found[a.Key] = *v.StringValue
		case v.IntValue != nil:
			found[a.Key] = *v.IntValue
		case v.BoolValue != nil:
			found[a.Key] = *v.BoolValue
		}
	}
	return found
}

func (e export) spans() []span { return e.ResourceSpans[0].ScopeSpans[0].Spans }
