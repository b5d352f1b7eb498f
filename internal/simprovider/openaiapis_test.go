package simprovider

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// asked sends a request of an API as the gateway would and reads the answer with
// the dialect that it would use.
func asked(t *testing.T, p *Provider, r provider.NativeRequest) (call *provider.Call, w *httptest.ResponseRecorder) {
	t.Helper()
	call, ok := openai.New(openai.Config{Compatible: true, APIs: []provider.API{r.API}}).EncodeNative(r)
	if !ok {
		t.Fatalf("%s cannot be encoded", r.API)
	}
	req := newRequest(t.Context(), call.Method, "http://sim/v1"+call.Path, "sim-key-1", string(call.Body))
	req.Header.Set("Content-Type", call.Header.Get("Content-Type"))
	w = httptest.NewRecorder()
	p.ServeHTTP(w, req)
	return call, w
}

func formOf(t *testing.T) (body []byte, kind string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	f, err := w.CreateFormFile("file", "a.mp3")
	if err == nil {
		_, err = f.Write([]byte("audio"))
	}
	if err != nil || w.WriteField("model", "alias") != nil || w.Close() != nil {
		t.Fatal("no form")
	}
	return out.Bytes(), w.FormDataContentType()
}

func TestEveryAPIAnswersItsDialect(t *testing.T) {
	t.Parallel()
	form, kind := formOf(t)
	tests := []struct {
		api         provider.API
		model, body string
		usage       upstream.Usage
		in          string // in the answer
	}{
		{provider.Responses, "gpt-5", `{"input":"hello","reasoning":{"effort":"low"}}`, upstream.Usage{InputTokens: 5, Exact: true}, `"object":"response"`},
		{provider.Completions, "gpt-4o", `{"prompt":"hello"}`, upstream.Usage{InputTokens: 5, Exact: true}, `"object":"text_completion"`},
		{provider.Embeddings, "text-embedding-3-small", `{"input":"hello"}`, upstream.Usage{InputTokens: 2, Exact: true}, `"embedding"`},
		{provider.Moderations, "omni-moderation-latest", `{"input":"hello"}`, upstream.Usage{}, `"flagged":false`},
		{provider.Images, "gpt-image-1", `{"prompt":"hello"}`, upstream.Usage{InputTokens: 2, OutputTokens: 272, Exact: true}, `"b64_json"`},
		{provider.Speech, "tts-1", `{"input":"hello","voice":"alloy"}`, upstream.Usage{}, "ID3"},
		{provider.Rerank, "rerank-v3.5", `{"query":"a","documents":["a"]}`, upstream.Usage{InputTokens: 2, Exact: true}, `"relevance_score"`},
		{provider.Transcriptions, "whisper-1", string(form), upstream.Usage{Exact: true}, "You sent 5 bytes."},
		{provider.Translations, "whisper-1", string(form), upstream.Usage{Exact: true}, "You sent 5 bytes."},
	}
	for _, tt := range tests {
		t.Run(string(tt.api), func(t *testing.T) {
			t.Parallel()
			p := New(Config{})
			call, w := asked(t, p, provider.NativeRequest{API: tt.api, Body: []byte(tt.body), Model: tt.model, Header: http.Header{"Content-Type": {kind}}})
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			reply, err := call.Answer.Whole(w.Body.Bytes())
			if err != nil || !strings.Contains(string(reply.Body), tt.in) {
				t.Fatalf("%v: %s", err, reply.Body)
			}
			if reply.Type != "" && reply.Type != w.Header().Get("Content-Type") {
				t.Errorf("the dialect says %s, the provider %s", reply.Type, w.Header().Get("Content-Type"))
			}
			if tt.api == provider.Responses || tt.api == provider.Completions {
				tt.usage.OutputTokens, tt.usage.ReasoningTokens = reply.Usage.OutputTokens, reply.Usage.ReasoningTokens
			}
			if reply.Usage != tt.usage {
				t.Errorf("usage %+v, want %+v", reply.Usage, tt.usage)
			}
			if c := p.Stats().Total(); c.Answered != 1 || c.InFlight != 0 {
				t.Errorf("counts %+v, want one answered", c)
			}
		})
	}
}

func TestStreamsOfOtherAPIs(t *testing.T) {
	t.Parallel()
	for api, body := range map[provider.API]string{
		provider.Responses:   `{"model":"m","input":"hello","stream":true,"reasoning":{"effort":"low","summary":"auto"}}`,
		provider.Completions: `{"model":"m","prompt":"hello","stream":true,"stream_options":{"include_usage":true}}`,
	} {
		call, w := asked(t, New(Config{}), provider.NativeRequest{API: api, Body: []byte(body), Model: "gpt-5", Stream: true})
		s, contents := call.Answer.Stream(w.Body), 0
		var err error
		for err == nil {
			var chunk provider.Chunk
			if chunk, err = s.Next(); chunk.Content {
				contents++
			}
		}
		if u := s.Usage(); err != io.EOF || contents < 5 || !u.Exact || u.InputTokens != 5 {
			t.Errorf("%s: end %v, %d contents, usage %+v", api, err, contents, u)
		}
	}
}

// The output asked for is taken when a request is admitted, and what an image
// costs too; refusals name the limit and come with the headers.
func TestOtherAPIsDrawOnTheirQuota(t *testing.T) {
	t.Parallel()
	tests := []struct {
		api         provider.API
		model, body string
	}{
		{provider.Responses, "gpt-5", `{"input":"hello","max_output_tokens":600}`},
		{provider.Completions, "gpt-4o", `{"prompt":"hello","max_tokens":600}`},
		{provider.Images, "gpt-image-1", `{"prompt":"hello","n":2}`},
		{provider.Embeddings, "text-embedding-3-small", `{"input":"` + strings.Repeat("word ", 480) + `"}`},
	}
	for _, tt := range tests {
		t.Run(string(tt.api), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			p := New(Config{Now: c.Now, Organisations: Organisations(1, 1, Limits{Requests: 100, Tokens: 1000})})
			r := provider.NativeRequest{API: tt.api, Body: []byte(tt.body), Model: tt.model}
			if _, w := asked(t, p, r); w.Code != http.StatusOK {
				t.Fatalf("first: status %d: %s", w.Code, w.Body)
			}
			_, w := asked(t, p, r)
			d := openai.New(openai.Config{})
			f := d.Classify(w.Code, w.Header(), w.Body.Bytes(), c.Now())
			if f.Class != upstream.RateLimit || f.RetryAfter <= 0 || len(d.Signals(w.Header(), c.Now()).Limits) != 2 {
				t.Errorf("second: %+v with headers %v", f, w.Header())
			}
			c.advance(f.RetryAfter + time.Second)
			if _, w := asked(t, p, r); w.Code != http.StatusOK {
				t.Errorf("after the wait: status %d: %s", w.Code, w.Body)
			}
		})
	}
}

func TestFaultsOfSimpleAPIs(t *testing.T) {
	t.Parallel()
	r := provider.NativeRequest{API: provider.Embeddings, Body: []byte(`{"input":"x"}`), Model: "text-embedding-3-small"}
	tests := []struct {
		name   string
		config Config
		fault  Fault
		body   string
		status int
	}{
		{"stuck", Config{}, Fault{Effect: fault.Stuck}, "", 429},
		{"error instead of an answer", Config{}, Fault{Effect: fault.StreamError}, "", 500},
		{"slow", Config{Sleep: sleep}, Fault{Effect: fault.Slow, Delay: time.Millisecond}, "", 200},
		{"not valid", Config{}, Fault{}, `{"model":"nope"}`, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := New(tt.config)
			if tt.fault.Effect != "" {
				p.Inject(tt.fault)
			}
			r := r
			if tt.body != "" {
				r.Body, r.Model = []byte(tt.body), ""
			}
			if _, w := asked(t, p, r); w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}

func TestSimpleAPIsCountAmongTheRunning(t *testing.T) {
	t.Parallel()
	orgs := Organisations(1, 1, Roomy)
	orgs[0].MaxInFlight = 1
	p := New(Config{Organisations: orgs})
	p.keys["sim-key-1"].org.counts.InFlight = 1
	_, w := asked(t, p, provider.NativeRequest{API: provider.Embeddings, Body: []byte(`{"input":"x"}`), Model: "text-embedding-3-small"})
	if w.Code != http.StatusTooManyRequests || p.Stats().Total().Refused["in_flight"] != 1 {
		t.Errorf("status %d, %v", w.Code, p.Stats().Total().Refused)
	}
}
