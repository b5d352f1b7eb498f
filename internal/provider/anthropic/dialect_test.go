package anthropic

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	if got, want := d.DefaultBaseURL(), "https://api.anthropic.com"; got != want {
		t.Errorf("got base URL %q, want %q", got, want)
	}
	if before := time.Now(); d.now().Before(before) {
		t.Error("without Config.Now, answers are not stamped with the time")
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "https://api.anthropic.com/v1/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "of the attempt before")
	newTestDialect().Authorize(r, secret.New("sk-ant-1"))
	if got := r.Header.Values("x-api-key"); len(got) != 1 || got[0] != "sk-ant-1" {
		t.Errorf("got x-api-key %q, want the key alone", got)
	}
	if got := r.Header.Get("Authorization"); got != "" {
		t.Errorf("got Authorization %q, want none", got)
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, want string }{
		{"claude-opus-4-8", "claude-opus-4"},
		{"claude-opus-4-5-20251101", "claude-opus-4"},
		{"claude-opus-4", "claude-opus-4"},
		{"claude-sonnet-4-5@20250929", "claude-sonnet-4"},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4"},
		{"anthropic.claude-opus-5", "claude-opus-5"},
		{"global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"},
		{"claude-haiku-4-5", "claude-haiku-4-5"},
		{"claude-opus-5", "claude-opus-5"},
		{"claude-opus-5-5", "claude-opus-5-5"},
		{"claude-sonnet-5", "claude-sonnet-5"},
		{"claude-sonnet-5-5", "claude-sonnet-5-5"},
		{"claude-fable-5", "claude-fable-5"},
		{"claude-fable-5-2", "claude-fable-5"},
		{"claude-opus-40", "claude-opus-40"},
		{"claude-3-5-haiku-latest", "claude-3-5-haiku"},
		{"claude-opus-6-20270101", "claude-opus-6"},
		{"deepseek-chat", "deepseek-chat"},
		{"qwen3:8b", "qwen3:8b"},
		{"my-claude-opus-4-5", "my-claude-opus-4-5"},
		{"", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := newTestDialect().Family(tt.name); got != tt.want {
				t.Errorf("got family %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBehaviourOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, want string }{
		{"claude-opus-5", "claude-opus-5"},
		{"claude-opus-5-5", "claude-opus-5-5"},
		{"claude-opus-5-20260901", "claude-opus-5"},
		{"claude-fable-5-2", "claude-fable-5-2"},
		{"claude-fable-5", "claude-fable-5"},
		{"claude-opus-4-1-20250805", "claude-opus-4"},
		{"eu.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"},
		{"claude-3-haiku-20240307", "claude-3"},
		{"claude-opus-6", "claude"},
		{"kimi-k3", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := behaviourOf(tt.name).Line; got != tt.want {
				t.Errorf("got the row of %q, want that of %q", got, tt.want)
			}
		})
	}
}

// TestBehaviours holds the table to what the encoder takes for granted.
func TestBehaviours(t *testing.T) {
	t.Parallel()
	if table().Source == "" || table().Date == "" {
		t.Error("the table does not say where it is from")
	}
	seen := make(map[string]bool)
	for _, b := range table().Models {
		if seen[b.Line] {
			t.Errorf("two rows for %q", b.Line)
		}
		seen[b.Line] = true
		if _, ok := b.offSwitch(); !ok && len(b.Efforts) == 0 {
			t.Errorf("%q cannot stop thinking and has no lowest effort", b.Line)
		}
		if b.MaxOutput <= minBudget {
			t.Errorf("%q gives at most %d tokens", b.Line, b.MaxOutput)
		}
		if b.Sampling != noSampling && b.Sampling != oneSampling && b.Sampling != anySampling {
			t.Errorf("%q has sampling %q", b.Line, b.Sampling)
		}
		if b.Guessed != (b.Line == "" || b.Line == "claude") {
			t.Errorf("%q is guessed: %v", b.Line, b.Guessed)
		}
	}
	if last := table().Models[len(table().Models)-1]; last.Line != "" {
		t.Errorf("the last row is %q, want that of models that are none of Anthropic's", last.Line)
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	reset := time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)
	tests := []struct {
		name   string
		header map[string]string
		want   upstream.Signals
	}{
		{name: "nothing"},
		{name: "everything", header: map[string]string{
			"anthropic-organization-id": "org-uuid", "anthropic-workspace-id": "wrkspc_1",
			"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49", "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:30Z",
			"anthropic-ratelimit-input-tokens-limit": "2000000", "anthropic-ratelimit-input-tokens-remaining": "1999000", "anthropic-ratelimit-input-tokens-reset": "2026-11-22T13:00:30+01:00",
			"anthropic-ratelimit-output-tokens-limit": "400000", "anthropic-ratelimit-output-tokens-remaining": "0",
			"anthropic-ratelimit-tokens-limit": "2400000", "anthropic-ratelimit-tokens-remaining": "2399000", "anthropic-ratelimit-tokens-reset": "soon",
			"anthropic-fast-input-tokens-limit": "1", "anthropic-fast-input-tokens-remaining": "0", "retry-after": "9",
		}, want: upstream.Signals{Owner: "org-uuid", Limits: []upstream.Limit{
			{Dimension: upstream.Requests, PerMinute: 50, Remaining: 49, FullAt: reset},
			{Dimension: upstream.InputTokens, PerMinute: 2_000_000, Remaining: 1_999_000, FullAt: reset},
			{Dimension: upstream.OutputTokens, PerMinute: 400_000},
			{Dimension: upstream.Tokens, PerMinute: 2_400_000, Remaining: 2_399_000},
		}}},
		{name: "unreadable numbers are no zeroes", header: map[string]string{
			"anthropic-ratelimit-requests-limit": "50",
			"anthropic-ratelimit-tokens-limit":   "many", "anthropic-ratelimit-tokens-remaining": "1",
			"anthropic-ratelimit-input-tokens-limit": "5", "anthropic-ratelimit-input-tokens-remaining": "-1",
			"anthropic-ratelimit-output-tokens-limit": "-5", "anthropic-ratelimit-output-tokens-remaining": "1",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := make(http.Header)
			for name, value := range tt.header {
				h.Set(name, value)
			}
			got := newTestDialect().Signals(h, noon)
			same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			if diff := cmp.Diff(tt.want, got, same); diff != "" {
				t.Errorf("signals differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestModelsCall(t *testing.T) {
	t.Parallel()
	got := newTestDialect().ModelsCall()
	want := &provider.Call{Method: "GET", Path: "/v1/models?limit=1000", Header: http.Header{"Anthropic-Version": {"2023-06-01"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("call differs (-want +got):\n%s", diff)
	}
}

func TestParseModels(t *testing.T) {
	t.Parallel()
	got, err := newTestDialect().ParseModels([]byte(`{"data":[
		{"type":"model","id":"claude-opus-5","display_name":"Claude Opus 5","created_at":"2026-07-01T00:00:00Z","new_field":{}},
		{"id":"claude-opus-6","created_at":"someday"},
		{"display_name":"nameless"},
		{"id":"claude-opus-7","max_input_tokens":1000000,"max_tokens":"many","lifecycle":"deprecated"},
		{"id":"claude-opus-8","max_tokens":256000,"capabilities":{"batch":{"supported":true},"structured_outputs":{"supported":false},
			"effort":{"supported":true,"low":{"supported":true},"xhigh":{"supported":true},"max":{"supported":false}},
			"thinking":{"supported":true,"types":{"adaptive":{"supported":true},"between_tools":{"supported":true}}}}},
		"odd"
	],"has_more":false}`))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := []provider.Model{
		{ID: "claude-opus-5", Created: date(2026, 7, 1, 0), Owner: "anthropic"},
		{ID: "claude-opus-6", Owner: "anthropic"},
		{ID: "claude-opus-7", Owner: "anthropic", Capabilities: &provider.Capabilities{MaxInput: 1_000_000, Lifecycle: "deprecated"}},
		{ID: "claude-opus-8", Owner: "anthropic", Capabilities: &provider.Capabilities{MaxOutput: 256_000,
			Thinking: []string{"adaptive", "between_tools"}, Efforts: []string{"low", "xhigh"}, StructuredOutputs: &no}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("models differ (-want +got):\n%s", diff)
	}
}

// TestCapabilitiesGoBeforeTheTable: what the provider says of a model decides
// how it is asked.
func TestCapabilitiesGoBeforeTheTable(t *testing.T) {
	t.Parallel()
	no := false
	said := provider.Capabilities{MaxOutput: 5000, Thinking: []string{"adaptive", "disabled"}, Efforts: []string{"low", "high"}, StructuredOutputs: &no}
	d := New(Config{Capabilities: func(model string) (provider.Capabilities, bool) { return said, model == "claude-opus-6" }})
	tests := []struct{ name, body, path, want string }{
		{"most output", request("claude-opus-6", `"stream":true`), "max_tokens", "5000"},
		{"levels of effort", request("claude-opus-6", `"reasoning_effort":"max"`), "output_config.effort", `"high"`},
		{"thinking", request("claude-opus-6", `"reasoning_effort":"none"`), "thinking.type", `"disabled"`},
		{"schemas", request("claude-opus-6", `"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"array"}}}`), "tools.0.name", `"json_answer"`},
		{"another model", request("claude-opus-5", `"stream":true`), "max_tokens", "128000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := chat.Parse([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			call, err := d.EncodeChat(req, req.Model)
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(call.Body, tt.path).Raw; got != tt.want {
				t.Errorf("got %s = %s, want %s", tt.path, got, tt.want)
			}
		})
	}
	req, _ := chat.Parse([]byte(request("claude-opus-6", `"thinking":{"type":"enabled","budget_tokens":2000}`)))
	if _, err := d.EncodeChat(req, req.Model); err == nil {
		t.Error("a kind of thinking that the provider does not list is let pass")
	}
}

func TestParseModelsRefusesOtherBodies(t *testing.T) {
	t.Parallel()
	for i, body := range []string{``, `<html>`, `{}`, `[]`, `{"data":null}`, `{"data":{}}`} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			if got, err := newTestDialect().ParseModels([]byte(body)); err == nil {
				t.Errorf("got %v for %q, want an error", got, body)
			}
		})
	}
}

// TestTableAgreesWithTheSimulation: both are taken from the same pages, by
// different hands.
func TestTableAgreesWithTheSimulation(t *testing.T) {
	t.Parallel()
	type rules struct {
		Sampling, Prefill, Forced, SystemTurns, Thinks bool
		Thinking                                       string
		MaxOutput                                      int
	}
	for _, m := range catalogue.New(nil).Models() {
		if m.Owner != "anthropic" {
			continue
		}
		b := behaviourOf(m.ID)
		got := rules{b.Sampling != noSampling, b.Prefill, b.Forced, b.SystemTurns, b.Thinks, strings.Join(b.Thinking, " "), int(b.MaxOutput)}
		want := rules{m.Sampling, m.Prefill, m.Forced, m.SystemTurns, m.Thinks, strings.Join(m.Thinking, " "), m.MaxOutput}
		if got != want {
			t.Errorf("%s: the table says %+v, the simulation %+v", m.ID, got, want)
		}
	}
}
