package bedrock

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	if before := time.Now(); d.cfg.Now().Before(before) {
		t.Error("without Config.Now, the clock is not the time")
	}
	if a, b := d.cfg.NewID(), d.cfg.NewID(); a == b || len(a) < 20 {
		t.Errorf("got ids %q and %q, want long ones that differ", a, b)
	}
	for region, want := range map[string]string{
		"":           "",
		"eu-west-1":  "https://bedrock-runtime.eu-west-1.amazonaws.com",
		"cn-north-1": "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
	} {
		if got := New(Config{Region: region}).DefaultBaseURL(); got != want {
			t.Errorf("region %q: got base URL %q, want %q", region, got, want)
		}
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:8080/model/m/converse", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	newTestDialect().Authorize(r, secret.New("AKIAIOSFODNN7EXAMPLE:secret"))
	// Behind a proxy the host tells nothing, so the configured region holds.
	if got, want := r.Header.Get("Authorization"), "Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/bedrock/aws4_request"; !strings.Contains(got, want) {
		t.Errorf("got Authorization %q, want it to hold %q", got, want)
	}
}

func TestClassifyAndSignals(t *testing.T) {
	t.Parallel()
	h := http.Header{"X-Amzn-Errortype": {"ThrottlingException"}, "X-Amzn-Bedrock-Input-Token-Count": {"5"}}
	if got := newTestDialect().Classify(429, h, []byte(`{"message":"slow"}`), noon); got.Class != upstream.RateLimit || got.Message != "slow" {
		t.Errorf("got %+v, want a rate limit", got)
	}
	if got := newTestDialect().Signals(h, noon); got.Owner != "" || got.Limits != nil {
		t.Errorf("got signals %+v, want none: consumption is no limit", got)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		model, family, maker string
	}{
		{"anthropic.claude-opus-5", "anthropic.claude-opus-5", "anthropic"},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic"},
		{"us-gov.anthropic.claude-sonnet-4-6", "us-gov.anthropic.claude-sonnet-4-6", "anthropic"},
		{"arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-opus-5", "global.anthropic.claude-opus-5", "anthropic"},
		{"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", "amazon"},
		{"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x", ""},
		{"arn:aws:bedrock:us-east-1:123456789012:imported-model/anthropic.claude", "arn:aws:bedrock:us-east-1:123456789012:imported-model/anthropic.claude", ""},
		{"openai.gpt-5.5", "openai.gpt-5.5", "openai"},
		{"us.meta.llama3-1-70b-instruct-v1:0", "us.meta.llama3-1-70b-instruct-v1:0", "meta"},
		{"ai21.jamba-1-5-large-v1:0", "ai21.jamba-1-5-large-v1:0", "ai21"},
		{"claude-opus-5", "claude-opus-5", "claude-opus-5"},
	}
	for _, tt := range tests {
		if got := newTestDialect().Family(tt.model); got != tt.family {
			t.Errorf("%s: got family %q, want %q", tt.model, got, tt.family)
		}
		if got := makerOf(tt.model); got != tt.maker {
			t.Errorf("%s: got maker %q, want %q", tt.model, got, tt.maker)
		}
	}
}

func TestModelsCall(t *testing.T) {
	t.Parallel()
	d := newTestDialect()
	want := &provider.Call{Method: "GET", Path: "/foundation-models", Header: http.Header{"Accept": {"application/json"}}}
	if diff := cmp.Diff(want, d.ModelsCall()); diff != "" {
		t.Errorf("call differs (-want +got):\n%s", diff)
	}
	got, err := d.ParseModels([]byte(`{"modelSummaries":[{"modelId":"amazon.nova-pro-v1:0","new":{}},{"modelName":"nameless"}]}`))
	if diff := cmp.Diff([]provider.Model{{ID: "amazon.nova-pro-v1:0", Owner: "amazon"}}, got); diff != "" || err != nil {
		t.Errorf("models differ, %v (-want +got):\n%s", err, diff)
	}
	for _, body := range []string{``, `<html>`, `{}`, `[]`, `{"modelSummaries":null}`, `{"modelSummaries":{}}`} {
		if got, err := d.ParseModels([]byte(body)); err == nil {
			t.Errorf("got %v for %q, want an error", got, body)
		}
	}
}

func parse(t testing.TB, body string) *chat.Request {
	t.Helper()
	req, err := chat.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestEncodeChat: what a client of Chat Completions wants that gets lost on the
// way through Messages.
func TestEncodeChat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, model, fields string
		path, body          string // of which the call's must hold
		not                 string // and which not
		header              string
		dropped             []string
	}{
		{name: "Claude", model: "us.anthropic.claude-opus-5", path: "/model/us.anthropic.claude-opus-5/invoke",
			body: `{"anthropic_version":"bedrock-2023-05-31","max_tokens":8192,`, not: `"model"`},
		{name: "Claude with a bound", model: "us.anthropic.claude-opus-5", fields: `,"max_completion_tokens":100000`, path: "/model/us.anthropic.claude-opus-5/invoke",
			body: `"max_tokens":100000`},
		{name: "Claude streamed", model: "us.anthropic.claude-opus-5", fields: `,"stream":true`, path: "/model/us.anthropic.claude-opus-5/invoke-with-response-stream",
			body: `"messages"`, not: `"stream"`},
		{name: "Claude in a tier", model: "us.anthropic.claude-opus-5", fields: `,"service_tier":"flex"`, path: "/model/us.anthropic.claude-opus-5/invoke",
			not: `"service_tier"`, header: "flex"},
		{name: "Claude in the usual tier", model: "us.anthropic.claude-opus-5", fields: `,"service_tier":"auto"`, path: "/model/us.anthropic.claude-opus-5/invoke",
			not: `"service_tier"`},
		{name: "others", model: "amazon.nova-pro-v1:0", path: "/model/amazon.nova-pro-v1%3A0/converse",
			body: `{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"inferenceConfig":{}}`},
		{name: "others with a bound", model: "amazon.nova-pro-v1:0", fields: `,"max_tokens":7`, path: "/model/amazon.nova-pro-v1%3A0/converse",
			body: `"inferenceConfig":{"maxTokens":7}`},
		{name: "others in a tier", model: "amazon.nova-pro-v1:0", fields: `,"service_tier":"priority"`, path: "/model/amazon.nova-pro-v1%3A0/converse",
			body: `"serviceTier":{"type":"priority"}`},
		{name: "effort of open models", model: "openai.gpt-oss-20b-1:0", fields: `,"reasoning_effort":"minimal"`, path: "/model/openai.gpt-oss-20b-1%3A0/converse",
			body: `"additionalModelRequestFields":{"reasoning_effort":"low"}`},
		{name: "no counterpart", model: "amazon.nova-pro-v1:0", fields: `,"seed":7,"user":"me"`, path: "/model/amazon.nova-pro-v1%3A0/converse",
			dropped: []string{"seed", "user"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := parse(t, `{"model":"m","messages":[{"role":"user","content":"Hi"}]`+tt.fields+`}`)
			call, err := newTestDialect().EncodeChat(req, tt.model)
			if err != nil {
				t.Fatal(err)
			}
			body := string(call.Body)
			if call.Path != tt.path || call.Method != http.MethodPost || call.Stream != req.Stream {
				t.Errorf("got %s %s (stream %v), want %s", call.Method, call.Path, call.Stream, tt.path)
			}
			if !strings.Contains(body, tt.body) || tt.not != "" && strings.Contains(body, tt.not) {
				t.Errorf("got body %s, want %s in it and not %s", body, tt.body, tt.not)
			}
			if got := call.Header.Get("X-Amzn-Bedrock-Service-Tier"); got != tt.header {
				t.Errorf("got tier %q in the header, want %q", got, tt.header)
			}
			if diff := cmp.Diff(tt.dropped, call.Dropped); diff != "" && len(tt.dropped)+len(call.Dropped) > 0 {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

// TestConfiguredBound goes for every model.
func TestConfiguredBound(t *testing.T) {
	t.Parallel()
	d := New(Config{MaxTokens: 500})
	req := parse(t, `{"model":"m","messages":[{"role":"user","content":"Hi"}]}`)
	for model, want := range map[string]string{"anthropic.claude-opus-5": `"max_tokens":500`, "amazon.nova-pro-v1:0": `"maxTokens":500`} {
		call, err := d.EncodeChat(req, model)
		if err != nil || !strings.Contains(string(call.Body), want) {
			t.Errorf("%s: got %s, %v, want %s in it", model, call.Body, err, want)
		}
	}
}

// TestClientFaults: what cannot be honoured is refused by name.
func TestClientFaults(t *testing.T) {
	t.Parallel()
	image := func(url string) string {
		return `{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":` + url + `}]}`
	}
	const hi = `{"role":"user","content":"Hi"}`
	tests := []struct {
		name, model, messages, param string
	}{
		{"linked image for Claude", "anthropic.claude-opus-5", hi + `,` + image(`{"url":"https://example.com/a.png"}`), "messages[1].content[1].image_url"},
		{"linked image for others", "amazon.nova-pro-v1:0", image(`"HTTPS://example.com/a.png"`), "messages[0].content[1].image_url"},
		{"audio", "amazon.nova-pro-v1:0", `{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}`, "messages[0].content[0].type"},
		{"no model's name", "nova pro", hi, "model"},
		{"a way out of the path", "../foundation-models", hi, "model"},
		{"a name without end", strings.Repeat("x", 2049), hi, "model"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newTestDialect().EncodeChat(parse(t, `{"model":"m","messages":[`+tt.messages+`]}`), tt.model)
			var p *chat.ParamError
			if !errors.As(err, &p) || p.Param != tt.param || p.Message == "" {
				t.Errorf("got %v, want a fault of %s", err, tt.param)
			}
		})
	}
}

// TestLinkInText: what only looks like a linked image is none.
func TestLinkInText(t *testing.T) {
	t.Parallel()
	req := parse(t, `{"model":"m","messages":[{"role":"user","content":"Hi"},
		{"role":"user","content":[{"type":"text","text":"http"}]},
		{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"type\":\"url\"}"}}]},
		{"role":"tool","tool_call_id":"a","content":"x"}]}`)
	if _, err := newTestDialect().EncodeChat(req, "anthropic.claude-opus-5"); err != nil {
		t.Errorf("got %v, want the request to pass", err)
	}
}

func TestEncodeNative(t *testing.T) {
	t.Parallel()
	const hi = `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}`
	tests := []struct {
		name   string
		api    provider.API
		model  string
		body   string
		stream bool
		path   string // empty when it is declined
	}{
		{"Claude", provider.Messages, "anthropic.claude-opus-5", hi, false, "/model/anthropic.claude-opus-5/invoke"},
		{"Claude streamed", provider.Messages, "anthropic.claude-opus-5", hi, true, "/model/anthropic.claude-opus-5/invoke-with-response-stream"},
		{"others", provider.Messages, "amazon.nova-pro-v1:0", hi, true, "/model/amazon.nova-pro-v1%3A0/converse-stream"},
		{"another API", provider.Responses, "amazon.nova-pro-v1:0", hi, false, ""},
		{"counting", provider.CountTokens, "anthropic.claude-opus-5", hi, false, ""},
		{"no JSON", provider.Messages, "amazon.nova-pro-v1:0", hi[:9], false, ""},
		{"no object", provider.Messages, "anthropic.claude-opus-5", `""`, false, ""},
		{"no model's name", provider.Messages, "nova pro", hi, false, ""},
		{"linked image", provider.Messages, "amazon.nova-pro-v1:0",
			`{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x"}}]}]}`, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call, ok := newTestDialect().EncodeNative(provider.NativeRequest{
				API: tt.api, Body: []byte(tt.body), Model: tt.model, Stream: tt.stream,
				Header: http.Header{"Anthropic-Beta": {"effort-2025-11-24,oauth-2025-04-20"}},
			})
			if ok != (tt.path != "") {
				t.Fatalf("taken: %v, want %v", ok, tt.path != "")
			}
			if ok && (call.Path != tt.path || call.Stream != tt.stream) {
				t.Errorf("got %s (stream %v), want %s", call.Path, call.Stream, tt.path)
			}
			if ok && !cmp.Equal(call.Dropped, []string{"anthropic-beta"}) {
				t.Errorf("dropped %v, want the beta that Bedrock does not know", call.Dropped)
			}
		})
	}
}

// TestDroppedIsBounded: the names go into a header, and clients make them up.
func TestDroppedIsBounded(t *testing.T) {
	t.Parallel()
	r := &request{}
	r.drop("two\r\nlines")
	r.drop(strings.Repeat("x", 65))
	for i := range 100 {
		r.drop("field" + strings.Repeat("x", i%30))
	}
	if len(r.dropped) != maxDropped || r.dropped[0] != "field" {
		t.Errorf("got %d names, the first %q; want %d, and none that breaks a header", len(r.dropped), r.dropped[0], maxDropped)
	}
}

// TestRefusesBlocks: what Converse has no word for is an error, not a gap.
func TestRefusesBlocks(t *testing.T) {
	t.Parallel()
	for name, messages := range map[string]string{
		"server tool":          `[{"role":"assistant","content":[{"type":"server_tool_use","id":"a"}]}]`,
		"stored file":          `[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]`,
		"picture type":         `[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/tiff","data":"x"}}]}]`,
		"document type":        `[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"video/mp4","data":"x"}}]}]`,
		"linked document":      `[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x"}}]}]`,
		"block in tool result": `[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"search_result"}]}]}]`,
	} {
		r := requestIn([]byte(`{"body":{"model":"amazon.nova-pro-v1:0","messages":` + messages + `}}`))
		if call, err := newTestDialect().encode(r); err == nil {
			t.Errorf("%s: got %s, want an error", name, call.Body)
		}
	}
	tool := requestIn([]byte(`{"body":{"model":"amazon.nova-pro-v1:0","messages":[],"tools":[{"type":"web_search_20250305","name":"web_search"}]}}`))
	if _, err := newTestDialect().encode(tool); err == nil || !strings.Contains(err.Error(), "tools[0]") {
		t.Errorf("a tool of Anthropic's: got %v, want an error that says which", err)
	}
}
