package openai

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// like holds got to a file of testdata.
func like(t *testing.T, name string, got []byte) {
	t.Helper()
	golden.Check(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")), got)
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return append(out.Bytes(), '\n')
}

func call(usage bool) *dialogue.Call {
	return &dialogue.Call{ID: "01ab", MessageID: "01cd", Created: time.Unix(1795348800, 0), Model: "gpt-5",
		OrganisationID: "3f2b6a0e-5a0c-4c39-9a55-0d8a9d3b1c11", OrganisationName: "org-1", IncludeUsage: usage}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	usage := dialogue.Usage{Input: 12, CacheRead: 2048, CacheWrite5m: 100, Output: 4}
	for name, a := range map[string]*dialogue.Answer{
		"text":    {Blocks: []dialogue.Block{{Pieces: []string{"Looks ", "<good>"}}}, Usage: usage},
		"nothing": {Stop: dialogue.MaxTokens, Usage: usage},
		"calls": {Stop: dialogue.ToolUse, Usage: usage, Blocks: []dialogue.Block{
			{Kind: dialogue.ToolCall, ID: "A", Name: "get_weather", Pieces: []string{`{"city":`, `"Paris"}`}},
			{Kind: dialogue.ToolCall, ID: "B", Name: "now"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			like(t, "whole "+name+".json", indent(t, dialect.Whole(call(false), a)))
			for suffix, with := range map[string]bool{"": false, " with usage": true} {
				var stream bytes.Buffer
				for _, e := range dialect.Events(call(with), a) {
					stream.Write(e.Data)
				}
				like(t, "stream "+name+suffix+".txt", stream.Bytes())
			}
		})
	}
}

func TestOverLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		short quota.Short
		kind  string
		wait  time.Duration
	}{
		{"requests", quota.Short{Dimension: upstream.Requests, PerMinute: 500, Left: 0, Asked: 1, Wait: 120 * time.Millisecond}, "requests", 120 * time.Millisecond},
		{"tokens", quota.Short{Dimension: upstream.Tokens, PerMinute: 30_000, Left: 1000, Asked: 8000, Wait: 14 * time.Second}, "tokens", 14 * time.Second},
		{"never", quota.Short{Dimension: upstream.Tokens, PerMinute: 30_000, Left: 30_000, Asked: 31_000}, "tokens", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := dialect.OverLimit(call(false), tt.short)
			if r.Status != 429 || r.Type != tt.kind || r.Code != "rate_limit_exceeded" || r.RetryAfter != tt.wait {
				t.Errorf("refusal %+v, want 429 %s after %v", r, tt.kind, tt.wait)
			}
			like(t, "error over "+tt.name+".json", indent(t, dialect.Error(nil, r)))
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		effect fault.Effect
		status int
		kind   string
		code   string
	}{
		{fault.Stuck, 429, "requests", "rate_limit_exceeded"},
		{fault.Ramp, 429, "rate_limit_error", "slow_down"},
		{fault.SpendCap, 429, "insufficient_quota", "billing_hard_limit_reached"},
		{fault.Billing, 429, "insufficient_quota", "insufficient_quota"},
		{fault.Revoked, 401, "invalid_request_error", "invalid_api_key"},
		{fault.Overloaded, 503, "service_unavailable_error", "server_is_overloaded"},
		{fault.StreamError, 500, "server_error", ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.effect), func(t *testing.T) {
			t.Parallel()
			r := dialect.Fault(fault.Fault{Effect: tt.effect}, call(false), time.Time{})
			if r.Status != tt.status || r.Type != tt.kind || r.Code != tt.code || r.Message == "" || r.Cause != string(tt.effect) {
				t.Errorf("refusal %+v, want %+v", r, tt)
			}
		})
	}
	for _, effect := range []fault.Effect{fault.Concurrency, fault.OwnLimit, fault.LowCredit, fault.Hold, fault.Forbidden, fault.ServerError, fault.Unavailable, fault.Timeout} {
		if r := dialect.Fault(fault.Fault{Effect: effect}, call(false), time.Time{}); r.Status < 400 || r.Type == "" {
			t.Errorf("%s has no wording: %+v", effect, r)
		}
	}
	like(t, "error event.txt", dialect.ErrorEvent(nil, dialect.Fault(fault.Fault{Effect: fault.StreamError}, nil, time.Time{})))
}

func TestOtherRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r      *dialogue.Refusal
		status int
		code   string
	}{
		"no key":    {dialect.Unauthenticated(""), 401, ""},
		"a bad key": {dialect.Unauthenticated("secret"), 401, "invalid_api_key"},
		"not found": {dialect.NotFound("x"), 404, ""},
	} {
		if tt.r.Status != tt.status || tt.r.Code != tt.code || strings.Contains(tt.r.Message, "secret") {
			t.Errorf("%s: %+v, want %d %q and no key in it", name, tt.r, tt.status, tt.code)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := http.Header{}
	dialect.Identity(h, call(false), 1234567*time.Microsecond)
	dialect.Limits(h, []quota.Level{
		{Dimension: upstream.Requests, PerMinute: 500, Remaining: 499, FullAt: now.Add(120*time.Millisecond + 300)},
		{Dimension: upstream.InputTokens, PerMinute: 1, Remaining: 1, FullAt: now},
		{Dimension: upstream.Tokens, PerMinute: 30_000, Remaining: 0, FullAt: now.Add(6 * time.Minute)},
	}, now)
	dialect.RetryAfter(h, 1001*time.Millisecond)
	want := map[string]string{
		"X-Request-Id": "req_01ab", "Openai-Version": "2020-10-01", "Openai-Processing-Ms": "1234",
		"Openai-Organization": "org-1", "Openai-Project": "proj_3f2b6a0e-5a0c-4c39-9a55-0d8a9d3b1c11",
		"X-Ratelimit-Limit-Requests": "500", "X-Ratelimit-Remaining-Requests": "499", "X-Ratelimit-Reset-Requests": "120ms",
		"X-Ratelimit-Limit-Tokens": "30000", "X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "6m0s",
		"Retry-After": "2", "Retry-After-Ms": "1001",
	}
	got := map[string]string{}
	for name := range h {
		got[name] = h.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestNeed(t *testing.T) {
	t.Parallel()
	p := &dialogue.Prompt{Tokens: 90, Estimate: 100, Reserve: 500}
	if got, want := dialect.Need(p), (quota.Need{Requests: 1, Tokens: 590}); got != want {
		t.Errorf("Need = %+v, want %+v", got, want)
	}
	if later := (quota.Need{}); dialect.Settle(p, dialogue.Usage{Input: 1}) != later || dialect.Produced(5) != later {
		t.Error("something was charged or given back after the reservation")
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	var list struct {
		Object string
		Data   []struct{ ID, Object string }
	}
	if err := json.Unmarshal(dialect.List(nil), &list); err != nil {
		t.Fatal(err)
	}
	if list.Object != "list" || len(list.Data) != len(dialect.Models.Models()) || list.Data[0].Object != "model" {
		t.Errorf("list %+v", list)
	}
	one, ok := dialect.One("gpt-5")
	if want := `{"id":"gpt-5","object":"model","created":1754524800,"owned_by":"openai"}`; !ok || string(one) != want {
		t.Errorf("One = %s, want %s", one, want)
	}
	if _, ok := dialect.One("nope"); ok {
		t.Error("found a model that is not there")
	}
}
