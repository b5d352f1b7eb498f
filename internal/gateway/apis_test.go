package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

const (
	aMessage = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":3}}`

	helloMessages = `{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"hello"}]}`
	helloInput    = `{"model":"m","input":"hello"}`
)

// named is a body of server-sent events, given as name and data.
func named(events ...string) string {
	var b strings.Builder
	for i := 0; i < len(events); i += 2 {
		b.WriteString("event: " + events[i] + "\ndata: " + events[i+1] + "\n\n")
	}
	return b.String()
}

// messageEvents is a message as it streams, up to its end.
var messageEvents = []string{
	"message_start", `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":1}}}`,
	"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
	"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}`,
	"content_block_stop", `{"type":"content_block_stop","index":0}`,
	"message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}`,
	"message_stop", `{"type":"message_stop"}`,
}

// form is a multipart form of a boundary "b", given as name and value.
func form(fields ...string) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + fields[i] + "\"\r\n\r\n" + fields[i+1] + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

var (
	claudeDialect = anthropic.New(anthropic.Config{})
	gptDialect    = openai.New(openai.Config{})
	otherDialect  = openai.New(openai.Config{Compatible: true})
)

// TestAPIs is each API with a provider that has it and, where that can be, with
// one that has not.
func TestAPIs(t *testing.T) {
	t.Parallel()
	const jsonBody, formBody = "application/json", "multipart/form-data; boundary=b"
	tests := []struct {
		name, path, kind, body string
		dialect                provider.Dialect
		answer                 string
		asks                   string // the path that the provider is asked by
		contains               string // in the answer
		stream                 bool
	}{
		{"messages", "/v1/messages?beta=true", jsonBody, helloMessages, claudeDialect, aMessage, "/v1/messages", aMessage, false},
		{"messages of another provider", "/v1/messages", jsonBody, helloMessages, gptDialect, okBody, "/v1/chat/completions", `"type":"message"`, false},
		{"messages, streamed", "/v1/messages", jsonBody, streaming(helloMessages), claudeDialect, named(messageEvents...), "/v1/messages", named(messageEvents...), true},
		{"messages of another provider, streamed", "/v1/messages", jsonBody, streaming(helloMessages), gptDialect, lines(opening, delta("hi"), finished, "[DONE]"), "/v1/chat/completions", "event: message_stop\n", true},
		{"count", "/v1/messages/count_tokens", jsonBody, helloMessages, claudeDialect, `{"input_tokens":9}`, "/v1/messages/count_tokens", `{"input_tokens":9}`, false},
		{"count of responses", "/v1/responses/input_tokens", jsonBody, helloInput, gptDialect, `{"object":"response.input_tokens","input_tokens":9}`, "/v1/responses/input_tokens", `"input_tokens":9`, false},
		{"responses", "/v1/responses", jsonBody, helloInput, gptDialect, aResponse, "/v1/responses", `"status":"completed"`, false},
		{"responses of another provider", "/v1/responses", jsonBody, helloInput, claudeDialect, aMessage, "/v1/messages", `"object":"response"`, false},
		{"responses of another provider, streamed", "/v1/responses", jsonBody, streaming(helloInput), claudeDialect, named(messageEvents...), "/v1/messages", "event: response.completed\n", true},
		{"completions", "/v1/completions", jsonBody, `{"model":"m","prompt":"a"}`, gptDialect, `{"choices":[{"index":0,"text":"b","finish_reason":"stop"}]}`, "/v1/completions", `"text":"b"`, false},
		{"completions, streamed", "/v1/completions", jsonBody, `{"model":"m","stream":true,"prompt":"a"}`, gptDialect, lines(`{"choices":[{"index":0,"text":"b","finish_reason":"stop"}]}`, "[DONE]"), "/v1/completions", "[DONE]", true},
		{"embeddings", "/v1/embeddings", jsonBody, `{"model":"m","input":["a"]}`, gptDialect, `{"object":"list","data":[]}`, "/v1/embeddings", `"list"`, false},
		{"moderations", "/v1/moderations", jsonBody, `{"input":"a"}`, gptDialect, `{"id":"modr-1","results":[]}`, "/v1/moderations", "modr-1", false},
		{"images", "/v1/images/generations", jsonBody, `{"model":"m","prompt":"a"}`, gptDialect, `{"created":1,"data":[]}`, "/v1/images/generations", "created", false},
		{"speech", "/v1/audio/speech", jsonBody, `{"model":"m","input":"a","voice":"b"}`, gptDialect, "ID3\x00sound", "/v1/audio/speech", "ID3\x00sound", false},
		{"transcriptions", "/v1/audio/transcriptions", formBody, form("file", "sound", "model", "m"), gptDialect, `{"text":"a"}`, "/v1/audio/transcriptions", `{"text":"a"}`, false},
		{"translations", "/v1/audio/translations", formBody, form("model", "m", "file", "sound"), gptDialect, `{"text":"a"}`, "/v1/audio/translations", `{"text":"a"}`, false},
		{"rerank", "/v1/rerank", jsonBody, `{"model":"m","query":"a","documents":["b"]}`, otherDialect, `{"results":[]}`, "/rerank", "results", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked *http.Request
			var body []byte
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: tt.dialect, answer: func(r *http.Request) (*http.Response, error) {
				asked = r
				body, _ = io.ReadAll(r.Body)
				return saying(tt.answer)(r)
			}})
			w := p.do(t.Context(), "POST", tt.path, tt.body, "Content-Type", tt.kind)
			if w.Code != 200 || !strings.Contains(w.Body.String(), tt.contains) {
				t.Fatalf("%d %s, want 200 with %q", w.Code, w.Body, tt.contains)
			}
			if asked.URL.Path != tt.asks && asked.URL.Path != "/v1"+tt.asks && "/v1"+asked.URL.Path != tt.asks {
				t.Errorf("the provider was asked for %s, want %s", asked.URL.Path, tt.asks)
			}
			if e := p.only(t); e.Status != 200 || e.Code != "" || e.Stream != tt.stream || e.API == "" || len(body) == 0 {
				t.Errorf("event = %+v", e)
			}
			if got := strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream"); got != tt.stream {
				t.Errorf("content type = %s, want a stream: %v", w.Header().Get("Content-Type"), tt.stream)
			}
			if got := strings.HasSuffix(w.Body.String(), "data: [DONE]\n\n"); got != (tt.stream && strings.HasPrefix(tt.name, "completions")) {
				t.Errorf("ends in [DONE]: %v\n%s", got, w.Body)
			}
		})
	}
}

// streaming is a request with its wish to be answered by a stream.
func streaming(body string) string { return strings.Replace(body, "{", `{"stream":true,`, 1) }

const aResponse = `{"id":"resp_1","object":"response","status":"completed","model":"m","output":[],"usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10}}`

// TestNativeBodiesKeepTheirBytes: a signature may be over them.
func TestNativeBodiesKeepTheirBytes(t *testing.T) {
	t.Parallel()
	const odd = `{ "max_tokens":9,"new_field":[1.50, "\u00e9"], "model":"m","messages":[{"role":"user","content":"x"}] }`
	var sent string
	var header http.Header
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: claudeDialect, answer: func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		sent, header = string(body), r.Header
		return saying(aMessage)(r)
	}})
	w := p.do(t.Context(), "POST", "/v1/messages", odd, "Anthropic-Version", "2023-06-01", "Anthropic-Beta", "new-2030", "X-Api-Key", "client's", "Authorization", "Bearer client's")
	if w.Code != 200 || sent != odd {
		t.Errorf("%d, sent %s, want the client's bytes", w.Code, sent)
	}
	if header.Get("X-Api-Key") != "secret-of-k1" || header.Get("Authorization") != "" || header.Get("Anthropic-Beta") != "new-2030" {
		t.Errorf("headers = %v, want the pool's key, the client's beta and none of its credentials", header)
	}
	if id := w.Header().Get("X-Fallow-Request-Id"); id == "" || w.Header().Get("Request-Id") != id {
		t.Errorf("request-id = %q, want %q", w.Header().Get("Request-Id"), id)
	}
}

// TestErrorShapes: each API has its own, also for what no provider has seen.
func TestErrorShapes(t *testing.T) {
	t.Parallel()
	const org = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
	kinds := map[int]string{400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}
	claude := func(status int, message string) upstreamOf {
		return upstreamOf{name: "main", keys: []string{"k1"}, dialect: claudeDialect,
			answer: refusing(status, http.Header{"Retry-After": {"50"}}, `{"type":"error","error":{"type":"`+kinds[status]+`","message":"`+message+`"},"request_id":"req_theirs"}`)}
	}
	tests := []struct {
		name, path, body string
		upstream         upstreamOf
		headers          []string
		status           int
		kind, says       string // of Anthropic's shape
	}{
		{"the provider's own words", "/v1/messages", helloMessages, claude(400, "prompt is too long: 9 > 8 of "+org), nil, 400, "invalid_request_error", "prompt is too long: 9 > 8"},
		{"another provider's words", "/v1/messages", helloMessages, upstreamOf{name: "main", keys: []string{"k1"}, answer: refusing(400, nil, `{"error":{"message":"too hot for org-AbCdEf0123456789","type":"invalid_request_error","code":"too_hot"}}`)}, nil, 400, "invalid_request_error", "too hot for [redacted]"},
		{"our fault in the request", "/v1/messages", `{}`, claude(500, ""), nil, 400, "invalid_request_error", "model"},
		{"limited", "/v1/messages", helloMessages, claude(429, "slow"), nil, 429, "rate_limit_error", "Retry in"},
		{"overloaded", "/v1/messages", helloMessages, claude(529, "busy"), nil, 529, "overloaded_error", "capacity"},
		{"wrong method", "GET /v1/messages", "", claude(500, ""), nil, 405, "invalid_request_error", "POST"},
		{"no such path", "/v1/messages/nothing", "", claude(500, ""), nil, 404, "not_found_error", ""},
		{"no such path, to one of Anthropic's clients", "/v1/complete", "", claude(500, ""), []string{"Anthropic-Version", "2023-06-01"}, 404, "not_found_error", ""},
		{"count", "/v1/messages/count_tokens", `{"model":"m"}`, claude(500, ""), nil, 400, "invalid_request_error", "messages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			method, path, ok := strings.Cut(tt.path, " ")
			if !ok {
				method, path = "POST", tt.path
			}
			w := newInProcess(t, tt.upstream).do(t.Context(), method, path, tt.body, tt.headers...)
			e := gjson.Parse(w.Body.String())
			if w.Code != tt.status || e.Get("type").Str != "error" || e.Get("error.type").Str != tt.kind || !strings.Contains(e.Get("error.message").Str, tt.says) {
				t.Errorf("%d %s, want %d %s with %q", w.Code, w.Body, tt.status, tt.kind, tt.says)
			}
			id, told := w.Header().Get("X-Fallow-Request-Id"), e.Get("request_id").Str
			if told != id && tt.status != 400 || told == "" || w.Header().Get("Request-Id") != id {
				t.Errorf("request ids %q and %q, want %q", told, w.Header().Get("Request-Id"), id)
			}
			if strings.Contains(w.Body.String(), org) {
				t.Errorf("%s names the provider's account", w.Body)
			}
		})
	}
	// Chat Completions is OpenAI's, whoever calls it.
	w := newInProcess(t, claude(529, "")).do(t.Context(), "POST", "/v1/chat/completions", `{}`, "Anthropic-Version", "2023-06-01")
	wantAnswer(t, w.Code, w.Body.String(), 400, "invalid_request")
}

// TestStreamsThatBreak: the client is told in its API's way, and nothing follows
// that says all is well.
func TestStreamsThatBreak(t *testing.T) {
	t.Parallel()
	broken := named(messageEvents[:6]...) + named("error", `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`)
	tests := []struct {
		name, path, body string
		dialect          provider.Dialect
		answer           string
		last, never      string // of the events
	}{
		{"messages", "/v1/messages", streaming(helloMessages), claudeDialect, broken, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"", "message_stop"},
		{"messages of another provider", "/v1/messages", streaming(helloMessages), gptDialect, lines(opening, delta("hi"), inStreamOverload), "event: error\n", "message_stop"},
		{"responses", "/v1/responses", streaming(helloInput), gptDialect, named("response.output_text.delta", `{"type":"response.output_text.delta","delta":"hi"}`), "event: error\n", "response.completed"},
		{"responses of another provider", "/v1/responses", streaming(helloInput), claudeDialect, broken, "event: response.failed\n", "response.completed"},
		{"completions", "/v1/completions", `{"model":"m","stream":true,"prompt":"a"}`, gptDialect, lines(`{"choices":[{"index":0,"text":"b","finish_reason":null}]}`), `data: {"error":`, "[DONE]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: tt.dialect, answer: saying(tt.answer)})
			w := p.do(t.Context(), "POST", tt.path, tt.body)
			events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
			if got := events[len(events)-1]; w.Code != 200 || !strings.HasPrefix(got+"\n", tt.last) {
				t.Errorf("%d, last event %q, want %q", w.Code, got, tt.last)
			}
			if strings.Contains(w.Body.String(), tt.never) {
				t.Errorf("%s holds %s", w.Body, tt.never)
			}
			if e := p.only(t); e.Code == "" || e.Status != 200 {
				t.Errorf("event = %d %q, want 200 and how it broke off", e.Status, e.Code)
			}
		})
	}
}

// TestAPIThatAProviderLacks: the next target may have it; if none has, the client
// is told, and nobody was called.
func TestAPIThatAProviderLacks(t *testing.T) {
	t.Parallel()
	calls := 0
	claude := upstreamOf{name: "claude", keys: []string{"k1"}, dialect: claudeDialect, answer: counted(&calls, saying(`{}`))}
	gpt := upstreamOf{name: "gpt", keys: []string{"k2"}, answer: saying(`{"object":"list","data":[]}`)}
	const body = `{"model":"m","input":"a"}`
	w := newInProcess(t, claude).do(t.Context(), "POST", "/v1/embeddings", body)
	wantAnswer(t, w.Code, w.Body.String(), 404, "unsupported_api")
	w = newInProcess(t, claude, gpt).do(t.Context(), "POST", "/v1/embeddings", body)
	if w.Code != 200 || w.Header().Get("X-Fallow-Target") != "gpt/m" || calls != 0 {
		t.Errorf("%d %s after %d calls, want 200 from gpt alone", w.Code, w.Body, calls)
	}
	// A dialect may have none at all.
	w = newInProcess(t, upstreamOf{name: "plain", keys: []string{"k1"}, dialect: struct{ provider.Dialect }{gptDialect}, answer: saying(`{}`)}).do(t.Context(), "POST", "/v1/embeddings", body)
	wantAnswer(t, w.Code, w.Body.String(), 404, "unsupported_api")
}

// TestCountWithoutAProvider is our own estimate, better than a refusal.
func TestCountWithoutAProvider(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "gpt", keys: []string{"k1"}, answer: counted(&calls, saying(`{}`))})
	w := p.do(t.Context(), "POST", "/v1/messages/count_tokens", strings.Replace(helloMessages, "hello", strings.Repeat("hello ", 100), 1))
	if n := gjson.Get(w.Body.String(), "input_tokens").Int(); w.Code != 200 || n < 100 || n > 250 || calls != 0 {
		t.Errorf("%d %s after %d calls, want some 150 tokens and no call", w.Code, w.Body, calls)
	}
	if e := p.only(t); e.Status != 200 || e.Code != "" || len(e.Attempts) != 0 {
		t.Errorf("event = %+v", e)
	}
}

// TestCountOfResponsesWithoutAProvider is an estimate too, by the prompt alone.
func TestCountOfResponsesWithoutAProvider(t *testing.T) {
	t.Parallel()
	calls := 0
	none := struct{ provider.Dialect }{gptDialect} // has no API but Chat Completions
	for _, d := range []provider.Dialect{claudeDialect, otherDialect, none} {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: d, answer: counted(&calls, saying(`{}`))})
		w := p.do(t.Context(), "POST", "/v1/responses/input_tokens", strings.Replace(helloInput, "hello", strings.Repeat("hello ", 100), 1))
		if n := gjson.Get(w.Body.String(), "input_tokens").Int(); w.Code != 200 || n < 100 || n > 250 || calls != 0 || gjson.Get(w.Body.String(), "object").Str != "response.input_tokens" {
			t.Errorf("%d %s after %d calls, want some 150 tokens and no call", w.Code, w.Body, calls)
		}
		if e := p.only(t); e.Status != 200 || e.Code != "" || len(e.Attempts) != 0 || e.API != "input_tokens" {
			t.Errorf("event = %+v", e)
		}
	}
}

// TestCountLeavesTheQuota: a count's refusal says nothing of messages.
func TestCountLeavesTheQuota(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "claude", keys: []string{"k1"}, dialect: claudeDialect, answer: func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "count_tokens") {
			return refusing(429, http.Header{"Retry-After": {"50"}}, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`)(r)
		}
		return saying(aMessage)(r)
	}})
	if w := p.do(t.Context(), "POST", "/v1/messages/count_tokens", helloMessages); w.Code != 429 {
		t.Errorf("%d %s, want 429", w.Code, w.Body)
	}
	if w := p.do(t.Context(), "POST", "/v1/messages", helloMessages); w.Code != 200 {
		t.Errorf("%d %s, want a message although counts are limited", w.Code, w.Body)
	}
}

// TestBadNativeRequests are refused before a key is looked for.
func TestBadNativeRequests(t *testing.T) {
	t.Parallel()
	const multipart = "multipart/form-data; boundary=b"
	tests := []struct{ name, path, kind, body, says string }{
		{"broken JSON", "/v1/embeddings", "", `{"model":`, "JSON"},
		{"no model", "/v1/embeddings", "", `{"input":"a"}`, "model"},
		{"a model of the wrong type", "/v1/moderations", "", `{"model":5,"input":"a"}`, "model"},
		{"two models", "/v1/embeddings", "", `{"model":"a","model":"b","input":"a"}`, "twice"},
		{"stream of the wrong type", "/v1/completions", "", `{"model":"m","stream":"yes"}`, "stream"},
		{"no form", "/v1/audio/transcriptions", "application/json", `{}`, "multipart"},
		{"no boundary", "/v1/audio/transcriptions", "multipart/form-data", form("model", "m"), "boundary"},
		{"a form without a model", "/v1/audio/transcriptions", multipart, form("file", "a"), "model"},
		{"a form with two", "/v1/audio/transcriptions", multipart, form("model", "a", "model", "b"), "twice"},
		{"a model without end", "/v1/audio/transcriptions", multipart, form("model", strings.Repeat("m", 600)), "too long"},
		{"a form that breaks off", "/v1/audio/transcriptions", multipart, form("model", "m")[:50], "broken"},
		{"a form without end", "/v1/audio/transcriptions", multipart, form(slices.Repeat([]string{"a", "b"}, 70)...), "too many"},
		{"no messages", "/v1/messages", "", `{"model":"m"}`, "messages"},
		{"input of the wrong type", "/v1/responses", "", `{"model":"m","input":5}`, "input"},
		{"count of the wrong type", "/v1/responses/input_tokens", "", `{"model":"m","input":5}`, "input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, saying(`{}`))})
			var w *httptest.ResponseRecorder
			if w = p.do(t.Context(), "POST", tt.path, tt.body, "Content-Type", tt.kind); w.Code != 400 || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s, want 400 with %q", w.Code, w.Body, tt.says)
			}
			if calls != 0 {
				t.Errorf("%d calls were made", calls)
			}
		})
	}
}
