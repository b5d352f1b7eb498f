package anthropic

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
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

var call = &dialogue.Call{ID: "011CSHoEeqs5C35K2UUqR7Fy", MessageID: "01XFDUDYJgAACzvnptvVoYEL", Model: "claude-sonnet-4-5",
	OrganisationID: "3f2b6a0e-5a0c-4c39-9a55-0d8a9d3b1c11", OrganisationName: "org-1", WorkspaceID: "wrkspc_01ab"}

var answers = map[string]*dialogue.Answer{
	"text": {
		Blocks: []dialogue.Block{{Pieces: []string{"Looks ", "<good>"}}},
		Usage:  dialogue.Usage{Input: 12, CacheRead: 2048, CacheWrite5m: 100, CacheWrite1h: 7, Output: 4},
	},
	"thinking and calls": {
		Blocks: []dialogue.Block{
			{Kind: dialogue.Thinking, Pieces: []string{"Hm, ", "yes."}, Signature: "c2ln"},
			{Kind: dialogue.ToolCall, ID: "A", Name: "get_weather", Pieces: []string{`{"city":`, `"Paris"}`}},
			{Kind: dialogue.ToolCall, ID: "B", Name: "now"},
		},
		Stop: dialogue.ToolUse, Usage: dialogue.Usage{Input: 9, Output: 8, Thinking: 2},
	},
	"cut call":      {Blocks: []dialogue.Block{{Kind: dialogue.ToolCall, ID: "A", Name: "f", Pieces: []string{`{"ci`}, Cut: true}}, Stop: dialogue.MaxTokens, Usage: dialogue.Usage{Input: 1, Output: 1}},
	"stop sequence": {Blocks: []dialogue.Block{{Pieces: []string{"a"}}}, Stop: dialogue.StopSequence, StopSequence: "END", Usage: dialogue.Usage{Input: 1, Output: 1}},
	"search": {
		Blocks: []dialogue.Block{
			{Kind: dialogue.Redacted, Signature: "c2ln"},
			{Kind: dialogue.ServerCall, ID: "A", Name: "web_search", Pieces: []string{`{"query":`, `"x"}`}},
			{Kind: dialogue.ServerResult, ID: "A"},
			{Pieces: []string{"Found."}, Cites: dialogue.CitePage},
			{Pieces: []string{"Read."}, Cites: dialogue.CiteDocument},
		},
		Usage: dialogue.Usage{Input: 9, Output: 8, Searches: 1},
	},
	"refusal": {Stop: dialogue.Declined, Usage: dialogue.Usage{Input: 9}},
	"pause":   {Blocks: []dialogue.Block{{Kind: dialogue.ServerCall, ID: "A", Name: "web_search"}}, Stop: dialogue.PauseTurn},
	"window":  {Blocks: []dialogue.Block{{Pieces: []string{"a"}}}, Stop: dialogue.WindowEnd, Usage: dialogue.Usage{Output: 1}},
	"nothing": {Stop: dialogue.MaxTokens, Usage: dialogue.Usage{CacheWrite5m: 5000}},
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, a := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			like(t, "whole "+name+".json", indent(t, dialect.Whole(call, a)))
			var stream bytes.Buffer
			tokens := 0
			for _, e := range dialect.Events(call, a) {
				stream.Write(e.Data)
				tokens += e.Tokens
			}
			like(t, "stream "+name+".txt", stream.Bytes())
			want := 0
			for _, b := range a.Blocks {
				for _, piece := range b.Pieces {
					want += dialogue.Tokens(len(piece))
				}
			}
			if tokens != want {
				t.Errorf("events carry %d tokens, want the %d of the pieces", tokens, want)
			}
		})
	}
}

// TestPingsOnDemand: one after every event but the last.
func TestPingsOnDemand(t *testing.T) {
	t.Parallel()
	pinged := *call
	pinged.Pings = true
	var plain, with bytes.Buffer
	for _, e := range dialect.Events(call, answers["text"]) {
		plain.Write(e.Data)
	}
	events := dialect.Events(&pinged, answers["text"])
	for _, e := range events {
		with.Write(e.Data)
	}
	ping := "event: ping\ndata: {\"type\":\"ping\"}\n\n"
	if got := strings.ReplaceAll(with.String(), ping, ""); got != strings.ReplaceAll(plain.String(), ping, "") {
		t.Errorf("more than pings was added: %s", got)
	}
	if got, want := strings.Count(with.String(), ping), len(events)-1+1; got != want {
		t.Errorf("%d pings in %d events, want %d: one after each but the last, and the API's own", got, len(events), want)
	}
}

func TestErrorBody(t *testing.T) {
	t.Parallel()
	r := dialect.OverLimit(call, quota.Short{Dimension: upstream.InputTokens, PerMinute: 2_000_000, Wait: 1500 * time.Millisecond})
	like(t, "error over limit.json", indent(t, dialect.Error(call, r)))
	r = dialect.Fault(fault.Fault{Effect: fault.SpendCap}, call, time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC))
	like(t, "error spend cap.json", indent(t, dialect.Error(call, r)))
	like(t, "error event.txt", dialect.ErrorEvent(call, dialect.Fault(fault.Fault{Effect: fault.StreamError}, call, time.Time{})))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		effect fault.Effect
		status int
		kind   string
		code   string
		wait   time.Duration
	}{
		{fault.Stuck, 429, "rate_limit_error", "", 10 * time.Second},
		{fault.Ramp, 429, "rate_limit_error", "ramp_limit_exceeded", 5 * time.Second},
		{fault.Concurrency, 429, "rate_limit_error", "", 5 * time.Second},
		{fault.SpendCap, 429, "rate_limit_error", "enforced_spend_limit_reached", 0},
		{fault.OwnLimit, 400, "invalid_request_error", "", 0},
		{fault.Billing, 402, "billing_error", "", 0},
		{fault.LowCredit, 400, "invalid_request_error", "", 0},
		{fault.Hold, 400, "invalid_request_error", "organization_on_hold", 0},
		{fault.Revoked, 401, "authentication_error", "", 0},
		{fault.Forbidden, 403, "permission_error", "", 0},
		{fault.Overloaded, 529, "overloaded_error", "", 0},
		{fault.ServerError, 500, "api_error", "", 0},
		{fault.Unavailable, 503, "api_error", "", 0},
		{fault.Timeout, 504, "timeout_error", "", 0},
	}
	for _, tt := range tests {
		t.Run(string(tt.effect), func(t *testing.T) {
			t.Parallel()
			r := dialect.Fault(fault.Fault{Effect: tt.effect}, call, time.Time{})
			if r.Status != tt.status || r.Type != tt.kind || r.Code != tt.code || r.RetryAfter != tt.wait || r.Message == "" {
				t.Errorf("refusal %+v, want %+v", r, tt)
			}
			if r := dialect.Fault(fault.Fault{Effect: tt.effect, Message: "mine"}, call, time.Time{}); r.Message != "mine" {
				t.Errorf("message %q, want the fault's own", r.Message)
			}
		})
	}
}

func TestOtherRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r       *dialogue.Refusal
		status  int
		message string
	}{
		"no key":    {dialect.Unauthenticated(""), 401, "x-api-key header is required"},
		"a bad key": {dialect.Unauthenticated("x"), 401, "invalid x-api-key"},
		"not found": {dialect.NotFound("model: x"), 404, "model: x"},
	} {
		if tt.r.Status != tt.status || tt.r.Message != tt.message {
			t.Errorf("%s: %+v, want %d %q", name, tt.r, tt.status, tt.message)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 100e6, time.UTC)
	h := http.Header{}
	dialect.Identity(h, call, time.Second)
	dialect.Limits(h, []quota.Level{
		{Dimension: upstream.Requests, PerMinute: 1000, Remaining: 999, FullAt: now.Add(60 * time.Millisecond)},
		{Dimension: upstream.InputTokens, PerMinute: 2_000_000, Remaining: 1_999_499, FullAt: now.Add(time.Second)},
		{Dimension: upstream.OutputTokens, PerMinute: 400_000, Remaining: 399_500, FullAt: now},
		{Dimension: upstream.Tokens, PerMinute: 5, Remaining: 5, FullAt: now},
	}, now)
	dialect.RetryAfter(h, 1001*time.Millisecond)
	want := map[string]string{
		"Request-Id":                                  "req_011CSHoEeqs5C35K2UUqR7Fy",
		"Anthropic-Organization-Id":                   "3f2b6a0e-5a0c-4c39-9a55-0d8a9d3b1c11",
		"Anthropic-Workspace-Id":                      "wrkspc_01ab",
		"Retry-After":                                 "2",
		"Anthropic-Ratelimit-Requests-Limit":          "1000",
		"Anthropic-Ratelimit-Requests-Remaining":      "999",
		"Anthropic-Ratelimit-Requests-Reset":          "2026-11-22T12:00:01Z",
		"Anthropic-Ratelimit-Input-Tokens-Limit":      "2000000",
		"Anthropic-Ratelimit-Input-Tokens-Remaining":  "1999000",
		"Anthropic-Ratelimit-Input-Tokens-Reset":      "2026-11-22T12:00:02Z",
		"Anthropic-Ratelimit-Output-Tokens-Limit":     "400000",
		"Anthropic-Ratelimit-Output-Tokens-Remaining": "400000",
		"Anthropic-Ratelimit-Output-Tokens-Reset":     "2026-11-22T12:00:01Z",
		"Anthropic-Ratelimit-Tokens-Limit":            "2400000",
		"Anthropic-Ratelimit-Tokens-Remaining":        "2399000",
		"Anthropic-Ratelimit-Tokens-Reset":            "2026-11-22T12:00:02Z",
	}
	got := map[string]string{}
	for name := range h {
		got[name] = h.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestHeadersOfStrangers(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	dialect.Identity(h, &dialogue.Call{ID: "1"}, 0)
	if len(h) != 1 {
		t.Errorf("headers %v before authentication, want the request id only", h)
	}
}

func TestNeedAndSettle(t *testing.T) {
	t.Parallel()
	p := &dialogue.Prompt{Estimate: 100, Tokens: 90}
	u := dialogue.Usage{Input: 10, CacheRead: 50, CacheWrite5m: 30}
	var total quota.Need
	for _, n := range []quota.Need{dialect.Need(p), dialect.Settle(p, u), dialect.Produced(7)} {
		total.Requests += n.Requests
		total.InputTokens += n.InputTokens
		total.OutputTokens += n.OutputTokens
	}
	if want := (quota.Need{Requests: 1, InputTokens: 40, OutputTokens: 7}); total != want {
		t.Errorf("in all %+v, want %+v: cache reads are free and output costs what it is", total, want)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	like(t, "models.json", indent(t, dialect.List(url.Values{"limit": {"2"}, "after_id": {"claude-opus-5-5"}})))
	like(t, "count.json", dialect.Count(42))
	if body := dialect.List(url.Values{"after_id": {"claude-sonnet-4-5-20250929"}}); string(body) != `{"data":[],"has_more":false,"first_id":null,"last_id":null}` {
		t.Errorf("the page after the last model is %s", body)
	}
	for id, want := range map[string]bool{"claude-opus-5": true, "gpt-5": false, "nope": false} {
		if _, ok := dialect.One(id); ok != want {
			t.Errorf("One(%q) found = %v, want %v", id, ok, want)
		}
	}
	if line("llama") != nil {
		t.Error("a foreign model has a line")
	}
}
