package openai_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// ask encodes a request for an API of OpenAI with a JSON body.
func ask(tb testing.TB, api provider.API, body string, stream bool) *provider.Call {
	tb.Helper()
	c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: api, Body: []byte(body), Model: "up", Stream: stream})
	if !ok {
		tb.Fatalf("%s: not taken", api)
	}
	return c
}

func TestEncodeNative(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		api    provider.API
		body   string
		stream bool
		path   string
		want   string
		events bool
	}{
		{"responses", provider.Responses, "{ \"input\" : \"hi\\u00e9\",\"x\":1.0,\n \"model\": \"m\" }", true, "/responses", "{ \"input\" : \"hi\\u00e9\",\"x\":1.0,\n \"model\": \"up\" }", true},
		{"leading blanks", provider.Responses, " \n{\"model\":\"m\"}", false, "/responses", " \n{\"model\":\"up\"}", false},
		{"a model within is not the model", provider.Responses, `{"text":{"model":"a"},"model":"m","tools":[{"model":"b"}]}`, false, "/responses", `{"text":{"model":"a"},"model":"up","tools":[{"model":"b"}]}`, false},
		{"name in other letters of JSON", provider.Responses, `{"m\u006fdel":"m"}`, false, "/responses", `{"m\u006fdel":"up"}`, false},
		{"twice", provider.Embeddings, `{"model":"a","model":"b"}`, false, "/embeddings", `{"model":"up","model":"up"}`, false},
		{"not a text", provider.Embeddings, `{"model":{"a":1},"input":"x"}`, false, "/embeddings", `{"model":"up","input":"x"}`, false},
		{"completions", provider.Completions, `{"model":"m","prompt":"x","stream":true}`, true, "/completions", `{"model":"up","prompt":"x","stream":true}`, true},
		{"embeddings never stream", provider.Embeddings, `{"model":"m","input":"x"}`, true, "/embeddings", `{"model":"up","input":"x"}`, false},
		{"moderations without a model", provider.Moderations, `{"input":"x"}`, false, "/moderations", `{"model":"up","input":"x"}`, false},
		{"nothing at all", provider.Moderations, ` { } `, false, "/moderations", ` {"model":"up" } `, false},
		{"images", provider.Images, `{"prompt":"x","model":"m","stream":true}`, true, "/images/generations", `{"prompt":"x","model":"up","stream":true}`, true},
		{"speech", provider.Speech, `{"model":"m","input":"x","voice":"a"}`, true, "/audio/speech", `{"model":"up","input":"x","voice":"a"}`, false},
		{"speech as events", provider.Speech, `{"model":"m","stream_format":"sse"}`, false, "/audio/speech", `{"model":"up","stream_format":"sse"}`, true},
		{"no object is left alone", provider.Embeddings, `["model"]`, false, "/embeddings", `["model"]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := strings.Clone(tt.body)
			c := ask(t, tt.api, tt.body, tt.stream)
			if string(c.Body) != tt.want {
				t.Errorf("body\ngot  %s\nwant %s", c.Body, tt.want)
			}
			if c.Method != http.MethodPost || c.Path != tt.path || c.Stream != tt.events {
				t.Errorf("got %s %s, stream %v; want POST %s, stream %v", c.Method, c.Path, c.Stream, tt.path, tt.events)
			}
			if got := c.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			if tt.body != before || c.Answer == nil {
				t.Error("the client's body was changed, or there is nobody to read the answer")
			}
		})
	}
}

func TestEncodeNativeKeepsTheModelWithoutOne(t *testing.T) {
	t.Parallel()
	const body = `{"model":"m"}`
	c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Embeddings, Body: []byte(body)})
	if !ok || string(c.Body) != body {
		t.Errorf("got %s, %v; want the body as it is", c.Body, ok)
	}
}

// Of the client's headers only what belongs to the API goes on: the others name
// the client's own organisation or credential.
func TestEncodeNativeHeaders(t *testing.T) {
	t.Parallel()
	h := headers("OpenAI-Beta", "responses=v1", "Authorization", "Bearer client", "Openai-Organization", "org-1", "Cookie", "a=b", "X-Api-Key", "k")
	c, _ := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Responses, Body: []byte(`{"model":"m"}`), Model: "up", Header: h})
	want := headers("OpenAI-Beta", "responses=v1", "Content-Type", "application/json")
	if diff := cmp.Diff(want, c.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestWhichAPIs(t *testing.T) {
	t.Parallel()
	all := []provider.API{provider.Messages, provider.CountTokens, provider.Responses, provider.Completions, provider.Embeddings,
		provider.Moderations, provider.Images, provider.Speech, provider.Rerank, "new"}
	tests := []struct {
		name string
		cfg  openai.Config
		want []provider.API
	}{
		{"OpenAI", openai.Config{}, []provider.API{provider.Responses, provider.Completions, provider.Embeddings, provider.Moderations, provider.Images, provider.Speech}},
		{"any other", openai.Config{Compatible: true}, []provider.API{provider.Completions, provider.Embeddings, provider.Moderations, provider.Images, provider.Speech, provider.Rerank}},
		{"told", openai.Config{Compatible: true, APIs: []provider.API{provider.Rerank, provider.Messages}}, []provider.API{provider.Rerank}},
		{"none", openai.Config{APIs: []provider.API{}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []provider.API
			for _, api := range all {
				if _, ok := openai.New(tt.cfg).EncodeNative(provider.NativeRequest{API: api, Body: []byte("{}"), Model: "up"}); ok {
					got = append(got, api)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("APIs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNativeWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		api   provider.API
		ask   string
		body  string
		kind  string
		usage upstream.Usage
	}{
		{"embeddings", provider.Embeddings, `{}`, `{"object":"list","data":[{"embedding":"AACAPw=="}],"usage":{"prompt_tokens":8,"total_tokens":8}}`,
			"", upstream.Usage{InputTokens: 8, Exact: true}},
		{"responses", provider.Responses, `{}`,
			`{"object":"response","status":"completed","error":null,"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":120}}`,
			"", upstream.Usage{InputTokens: 30, CacheReadTokens: 60, CacheWriteTokens: 10, OutputTokens: 20, ReasoningTokens: 5, Exact: true}},
		{"images", provider.Images, `{}`, `{"created":1,"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":50,"total_tokens":100}}`,
			"", upstream.Usage{InputTokens: 50, OutputTokens: 50, Exact: true}},
		{"moderations tell nothing", provider.Moderations, `{}`, `{"id":"modr-1","results":[{"flagged":true}]}`, "", upstream.Usage{}},
		{"speech", provider.Speech, `{}`, "ID3\x04\x00", "audio/mpeg", upstream.Usage{}},
		{"speech as Opus", provider.Speech, `{"response_format":"opus"}`, "OggS", "audio/ogg", upstream.Usage{}},
		{"speech as WAV", provider.Speech, `{"response_format":"wav"}`, "RIFF", "audio/wav", upstream.Usage{}},
		{"speech in what comes next", provider.Speech, `{"response_format":"midi"}`, "MThd", "application/octet-stream", upstream.Usage{}},
		{"audio that begins like JSON", provider.Speech, `{"response_format":"pcm"}`, "{\x00\x01", "audio/pcm", upstream.Usage{}},
		{"JSON for audio that is no error", provider.Speech, `{}`, `{"audio":"AA=="}`, "audio/mpeg", upstream.Usage{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := ask(t, tt.api, tt.ask, false).Answer.Whole([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if string(reply.Body) != tt.body || reply.Type != tt.kind {
				t.Errorf("got %q of type %q, want %q of type %q", reply.Body, reply.Type, tt.body, tt.kind)
			}
			if diff := cmp.Diff(tt.usage, reply.Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNativeWholeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		api  provider.API
		body string
		want upstream.Class
	}{
		{"a response that failed", provider.Responses, `{"object":"response","status":"failed","error":{"code":"server_error","message":"x"}}`, upstream.Provider},
		{"for its rate", provider.Responses, `{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"}}`, upstream.RateLimit},
		{"for its prompt", provider.Responses, `{"status":"failed","error":{"code":"invalid_prompt","message":"x"}}`, upstream.Client},
		{"for its image", provider.Responses, `{"status":"failed","error":{"code":"image_too_large","message":"x"}}`, upstream.Client},
		{"page", provider.Embeddings, "<html>", upstream.Provider},
		{"error for audio", provider.Speech, ` {"error":{"message":"x","type":"invalid_request_error"}}`, upstream.Client},
		{"no audio", provider.Speech, "", upstream.Provider},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ask(t, tt.api, `{"model":"m"}`, false).Answer.Whole([]byte(tt.body))
			if err == nil || upstream.AsFault(err).Class != tt.want {
				t.Errorf("got %v, want class %s", err, tt.want)
			}
		})
	}
}

// xAI and Gemini leave reasoning out of completion_tokens, rerankers tell no
// more than the total, Together AI puts what was cached beside the prompt.
func TestOddUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, usage string
		want        upstream.Usage
	}{
		{"xAI", `{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}`,
			upstream.Usage{InputTokens: 32, OutputTokens: 103, ReasoningTokens: 94, Exact: true}},
		{"Gemini", `{"prompt_tokens":8,"completion_tokens":10,"total_tokens":300}`, upstream.Usage{InputTokens: 8, OutputTokens: 292, Exact: true}},
		{"reranker", `{"total_tokens":56}`, upstream.Usage{InputTokens: 56, Exact: true}},
		{"Together AI", `{"prompt_tokens":20,"cached_tokens":16,"completion_tokens":3,"total_tokens":23}`, upstream.Usage{InputTokens: 4, CacheReadTokens: 16, OutputTokens: 3, Exact: true}},
		{"a total that is too small", `{"prompt_tokens":20,"completion_tokens":3,"total_tokens":1}`, upstream.Usage{InputTokens: 20, OutputTokens: 3, Exact: true}},
		{"transcript by the second", `{"type":"duration","seconds":12}`, upstream.Usage{Exact: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := call(t, openai.Config{}, "").Answer.Whole([]byte(`{"usage":` + tt.usage + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, reply.Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzNativeJSON(f *testing.F) {
	f.Add([]byte(`{"model":"m","input":"x"}`))
	f.Add([]byte(` {}`))
	f.Add([]byte(`{"a":{"model":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Responses, Body: body, Model: "up"})
		if !ok {
			t.Fatal("not taken")
		}
		again, _ := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Responses, Body: c.Body, Model: "up"})
		if !bytes.Equal(again.Body, c.Body) {
			t.Errorf("a second time %q, want %q", again.Body, c.Body)
		}
	})
}

func BenchmarkEncodeNative(b *testing.B) {
	text := strings.Repeat(`+\tif err := run(ctx, \"main\"); err != nil {\n`, 2000)
	body := []byte(`{"input":[{"role":"user","content":"` + text + `"}],"model":"gpt-5","stream":true}`)
	form, kind := writeForm(b, [][2]string{{"file", strings.Repeat("x", 1<<20)}, {"model", "whisper-1"}})
	for _, bm := range []struct {
		name string
		r    provider.NativeRequest
	}{
		{"responses 90KB", provider.NativeRequest{API: provider.Responses, Body: body, Model: "gpt-5-2"}},
		{"transcription 1MB", provider.NativeRequest{API: provider.Transcriptions, Body: form, Model: "w", Header: headers("Content-Type", kind)}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			d := openai.New(openai.Config{})
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.r.Body)))
			for b.Loop() {
				if _, ok := d.EncodeNative(bm.r); !ok {
					b.Fatal("not taken")
				}
			}
		})
	}
}
