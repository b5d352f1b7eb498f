package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// tapped is a gateway whose routes log what is said. Its key is the text
// "secret-of-k1", and the route "short" logs 64 bytes of each.
type tapped struct {
	*gateway.Gateway
	cfg     gateway.Config
	order   []string // of what was reported, by its kind
	request telemetry.Request
	content []telemetry.Content
	log     bytes.Buffer
}

func newTapped(t testing.TB, dialect provider.Dialect, answer transport, change func(*config.Config)) *tapped {
	t.Helper()
	both := config.RouteLog{Prompts: true, Answers: true, PromptBytes: 4096, AnswerBytes: 4096, Share: 1}
	short := config.RouteLog{Prompts: true, Answers: true, PromptBytes: 64, AnswerBytes: 64, Share: 1}
	to := []config.Target{{Pool: "main"}}
	doc := &config.Config{
		Clients: config.Clients{Auth: config.AuthNone}, Limits: config.Limits{BodyBytes: 1 << 20},
		Pools:  map[string]config.Pool{"main": {Provider: "openai", Passthrough: true}},
		Models: map[string]config.Route{"*": {Targets: to, Log: both}, "short": {Targets: to, Log: short}, "silent": {Targets: to}},
	}
	if change != nil {
		change(doc)
	}
	tp := &tapped{}
	up := &gateway.Upstream{
		Dialect: dialect, BaseURL: "https://main.example/v1", Keys: map[string]secret.Ref{"k1": {Scheme: "env", ID: "k1"}},
		Timeouts: config.Timeouts{FirstToken: 1e10, Idle: 1e10, Total: 1e10}, Client: &http.Client{Transport: answer},
		Pool: pool.New(pool.Config{Name: "main", Keys: []pool.Key{{Name: "k1", Weight: 1}}, Table: embedded.NewMemory()}),
	}
	tp.cfg = gateway.Config{
		Document: doc, Upstreams: map[string]*gateway.Upstream{"main": up},
		Secrets: &secrets{values: map[string]string{"k1": "secret-of-k1"}}, Rand: func() float64 { return 0.5 },
		Log: slog.New(slog.NewJSONHandler(&tp.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(_ context.Context, r telemetry.Request) {
			tp.order, tp.request = append(tp.order, "request"), r
		},
		Content: func(_ context.Context, c telemetry.Content) {
			tp.order, tp.content = append(tp.order, "content"), append(tp.content, c)
		},
	}
	tp.open(t)
	return tp
}

func (tp *tapped) open(t testing.TB) {
	t.Helper()
	var err error
	if tp.Gateway, err = gateway.New(tp.cfg); err != nil {
		t.Fatal(err)
	}
}

// deafen leaves it nobody to tell what was said.
func (tp *tapped) deafen(t testing.TB) {
	tp.cfg.Content = nil
	tp.open(t)
}

// ask serves one request and returns the content that was reported of it, if any.
func (tp *tapped) ask(t testing.TB, method, path, body string, headers ...string) *telemetry.Content {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	before := len(tp.content)
	tp.ServeHTTP(&nowhere{header: http.Header{}}, r)
	if len(tp.content) == before {
		return nil
	}
	return &tp.content[before]
}

const (
	saidWhole = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"write to a@b.example with secret-of-k1"},"finish_reason":"stop"}]}`
	asks      = `{"model":"%s","stream":%v,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"I am a@b.example, my key is secret-of-k1"}]}`
	prompted  = "system: be brief\nuser: I am [redacted email], my key is [redacted secret]"
)

// TestContent: one event for each request of a route that logs, behind its
// request's own and with the same id.
func TestContent(t *testing.T) {
	t.Parallel()
	streamed := lines(delta("write to a@b."), delta("exam"), delta("ple with secret-"), delta("of-k1"), finished, "[DONE]")
	tests := []struct {
		name   string
		stream bool
		answer transport
		want   telemetry.Content
	}{
		{"whole", false, saying(saidWhole),
			telemetry.Content{Status: 200, Prompt: prompted, Answer: "write to [redacted email] with [redacted secret]", Redacted: 4}},
		{"streamed in pieces", true, saying(streamed),
			telemetry.Content{Status: 200, Prompt: prompted, Answer: "write to [redacted email] with [redacted secret]", Redacted: 4}},
		{"broken off amid a secret", true, saying(lines(delta("my key is secret-o"))),
			telemetry.Content{Status: 200, Prompt: prompted, Answer: "my key is [redacted secret]", Redacted: 3}},
		{"refused", false, refusing(400, nil, `{"error":{"message":"no","type":"invalid_request_error"}}`),
			telemetry.Content{Status: 400, Prompt: prompted, Redacted: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tp := newTapped(t, openai.New(openai.Config{Compatible: true}), tt.answer, nil)
			got := tp.ask(t, "POST", "/v1/chat/completions", fmt.Sprintf(asks, "m", tt.stream))
			if got == nil || tp.request.ID == "" || strings.Join(tp.order, " ") != "request content" {
				t.Fatalf("reported %v, content %v", tp.order, got)
			}
			tt.want.ID, tt.want.Client, tt.want.Model = tp.request.ID, "anonymous", "m"
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
		})
	}
}

// TestContentOfOtherAPIs: which say what, and which nothing.
func TestContentOfOtherAPIs(t *testing.T) {
	t.Parallel()
	claude := anthropic.New(anthropic.Config{})
	message := `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`
	events := "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hel\"}}\n\n" +
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n" +
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	form := "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--b--\r\n"
	tests := []struct {
		name         string
		dialect      provider.Dialect
		answer       string
		path, body   string
		headers      []string
		prompt, said string
	}{
		{"Messages", claude, message, "/v1/messages", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, nil, "user: hi", "hello"},
		{"Messages streamed", claude, events, "/v1/messages", `{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, nil, "user: hi", "hello"},
		{"Responses, translated", claude, message, "/v1/responses", `{"model":"m","input":"hi"}`, nil, "hi", "hello"},
		{"Responses streamed, translated", claude, events, "/v1/responses", `{"model":"m","stream":true,"input":"hi"}`, nil, "hi", "hello"},
		{"embeddings", nil, `{"object":"list","data":[{"embedding":[0.1]}],"model":"m"}`, "/v1/embeddings", `{"model":"m","input":["a","b"]}`, nil, "a\nb", ""},
		{"transcription", nil, `{"text":"hello"}`, "/v1/audio/transcriptions", form, []string{"Content-Type", "multipart/form-data; boundary=b"}, "", "hello"},
		{"count of tokens", claude, `{"input_tokens":3}`, "/v1/messages/count_tokens", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, nil, "", ""},
		{"raw call", nil, saidWhole, "/main/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, nil, "", ""},
		{"route that does not log", nil, saidWhole, "/v1/chat/completions", `{"model":"silent","messages":[{"role":"user","content":"hi"}]}`, nil, "", ""},
		{"what was not understood", nil, saidWhole, "/v1/chat/completions", `{"model":"m","messages":7}`, nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.dialect == nil {
				tt.dialect = openai.New(openai.Config{})
			}
			tp := newTapped(t, tt.dialect, saying(tt.answer), nil)
			got := tp.ask(t, "POST", tt.path, tt.body, tt.headers...)
			if tt.prompt == "" && tt.said == "" {
				if got != nil {
					t.Errorf("logged %+v, want nothing", got)
				}
				return
			}
			if got == nil || got.Prompt != tt.prompt || got.Answer != tt.said || got.Status != 200 {
				t.Errorf("got %+v, want prompt %q and answer %q", got, tt.prompt, tt.said)
			}
		})
	}
}

// TestContentIsCut: to the bound, whatever the masks add, and with the loss told.
func TestContentIsCut(t *testing.T) {
	t.Parallel()
	mails := strings.Repeat("a@b.co ", 40) // each shorter than its mask
	for _, stream := range []bool{false, true} {
		answer := saying(strings.Replace(saidWhole, "write to", mails, 1))
		if stream {
			answer = saying(lines(delta(mails), delta("end"), finished, "[DONE]"))
		}
		tp := newTapped(t, openai.New(openai.Config{}), answer, nil)
		got := tp.ask(t, "POST", "/v1/chat/completions", fmt.Sprintf(`{"model":"short","stream":%v,"messages":[{"role":"user","content":%q}]}`, stream, mails+"ü the end"))
		if got == nil || len(got.Prompt) > 64 || len(got.Answer) > 64 || got.PromptCut < len(mails)-64 || got.AnswerCut < len(mails)-64 {
			t.Fatalf("got %+v, want at most 64 bytes of each and what was cut", got)
		}
		if !strings.HasSuffix(got.Prompt, "ü the end") || !strings.HasPrefix(got.Answer, "[redacted email] [redacted") {
			t.Errorf("got prompt …%q and answer %q…, want the end of one and the beginning of the other", got.Prompt, got.Answer)
		}
	}
}

func TestRouteChoosesWhatIsLogged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		log            config.RouteLog
		prompt, answer bool
	}{
		{"nothing", config.RouteLog{PromptBytes: 64, AnswerBytes: 64, Share: 1}, false, false},
		{"prompts", config.RouteLog{Prompts: true, PromptBytes: 64, AnswerBytes: 64, Share: 1}, true, false},
		{"answers", config.RouteLog{Answers: true, PromptBytes: 64, AnswerBytes: 64, Share: 1}, false, true},
		{"a share that this one is of", config.RouteLog{Prompts: true, PromptBytes: 64, Share: 0.51}, true, false},
		{"a share that it is not of", config.RouteLog{Prompts: true, PromptBytes: 64, Share: 0.5}, false, false},
	}
	for _, tt := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " stream=", stream), func(t *testing.T) {
				t.Parallel()
				answer := saying(saidWhole)
				if stream {
					answer = saying(lines(delta("hello"), finished, "[DONE]"))
				}
				tp := newTapped(t, openai.New(openai.Config{}), answer, func(c *config.Config) {
					c.Models["*"] = config.Route{Targets: c.Models["*"].Targets, Log: tt.log}
				})
				got := tp.ask(t, "POST", "/v1/chat/completions", fmt.Sprintf(asks, "m", stream))
				if (got != nil) != (tt.prompt || tt.answer) || got != nil && ((got.Prompt != "") != tt.prompt || (got.Answer != "") != tt.answer) {
					t.Errorf("got %+v, want prompt %v and answer %v", got, tt.prompt, tt.answer)
				}
			})
		}
	}
}

func TestOwnRulesApply(t *testing.T) {
	t.Parallel()
	tp := newTapped(t, openai.New(openai.Config{}), saying(saidWhole), func(c *config.Config) {
		c.Redact = []config.RedactRule{{Name: "email", Off: true}, {Name: "manner", Pattern: "be [a-z]+"}}
	})
	got := tp.ask(t, "POST", "/v1/chat/completions", fmt.Sprintf(asks, "m", false))
	if want := "system: [redacted manner]\nuser: I am a@b.example, my key is [redacted secret]"; got == nil || got.Prompt != want {
		t.Errorf("got %+v, want prompt %q", got, want)
	}
	bad := &config.Config{Redact: []config.RedactRule{{Name: "x", Pattern: "("}}}
	if _, err := gateway.New(gateway.Config{Document: bad}); err == nil || !strings.Contains(err.Error(), "redact: the pattern") {
		t.Errorf("New took a pattern that is none: %v", err)
	}
}

// TestCausesTellNoPrompts: at debug level the provider's words, which quote the
// request, are logged only where prompts are, and then redacted.
func TestCausesTellNoPrompts(t *testing.T) {
	t.Parallel()
	quoting := refusing(400, nil, `{"error":{"message":"cannot do: I am a@b.example of org-AbCdEf0123456789abcdefgh with secret-of-k1","type":"invalid_request_error"}}`)
	down := transport(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	tests := []struct {
		name, model, path string
		answer            transport
		body, want        string
	}{
		{"silent route", "silent", "/v1/chat/completions", quoting, asks, "upstream client (status 400)"},
		{"route that logs", "m", "/v1/chat/completions", quoting, asks,
			"upstream client (status 400): cannot do: I am [redacted email] of [redacted] with [redacted secret]"},
		{"raw call", "m", "/main/v1/x?q=secret-question", quoting, asks, "upstream client (status 400)"},
		{"network", "silent", "/main/v1/x?q=secret-question", down, asks, "upstream connect (status 0, closed): unexpected EOF"},
		{"parameter", "silent", "/v1/chat/completions", quoting, `{"model":"%s","stream":%v,"messages":"I am a@b.example"}`, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tp := newTapped(t, openai.New(openai.Config{}), tt.answer, nil)
			tp.ask(t, "POST", tt.path, fmt.Sprintf(tt.body, tt.model, false))
			var line struct{ Msg, Error string }
			first, _, _ := strings.Cut(tp.log.String(), "\n")
			if err := json.Unmarshal([]byte(first), &line); err != nil || line.Msg != "request failed" || line.Error != tt.want {
				t.Errorf("got %s, want the cause %q", tp.log.String(), tt.want)
			}
		})
	}
}
