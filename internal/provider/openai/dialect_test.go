package openai_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestDefaultBaseURL(t *testing.T) {
	t.Parallel()
	if got, want := openai.New(openai.Config{}).DefaultBaseURL(), "https://api.openai.com/v1"; got != want {
		t.Errorf("openai: got %q, want %q", got, want)
	}
	if got := openai.New(openai.Config{Compatible: true}).DefaultBaseURL(); got != "" {
		t.Errorf("compatible: got %q, want none", got)
	}
}

func TestEncodeChat(t *testing.T) {
	t.Parallel()
	const head = `{"model":"up","messages":[{"role":"user","content":"hi"}]`
	tests := []struct {
		name   string
		cfg    openai.Config
		fields string
		want   string
		stream bool
	}{
		{"whole", openai.Config{}, `,"x":{"y":1.0}`, head + `,"x":{"y":1.0}}`, false},
		{"stream", openai.Config{}, notAsked, head + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"stream of a compatible server", openai.Config{Compatible: true}, notAsked, head + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"stream with usage", openai.Config{}, asked, head + asked + "}", true},
		{"stream of a server that refuses the field", openai.Config{OmitStreamUsage: true}, notAsked, head + notAsked + "}", true},
		{"it does not take the client's wish away", openai.Config{OmitStreamUsage: true}, asked, head + asked + "}", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := call(t, tt.cfg, tt.fields)
			if string(c.Body) != tt.want {
				t.Errorf("body\ngot  %s\nwant %s", c.Body, tt.want)
			}
			if c.Method != http.MethodPost || c.Path != "/chat/completions" || c.Stream != tt.stream {
				t.Errorf("got %s %s, stream %v, want POST /chat/completions, stream %v", c.Method, c.Path, c.Stream, tt.stream)
			}
			if got := c.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			if len(c.Dropped) != 0 {
				t.Errorf("dropped %v, want nothing dropped", c.Dropped)
			}
		})
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer of-the-client")
	openai.New(openai.Config{}).Authorize(r, secret.New("sk-1"))
	if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer sk-1" {
		t.Errorf("got %q, want the pool's key alone", got)
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"gpt-4o":                            "gpt-4o",
		"gpt-4o-2024-08-06":                 "gpt-4o",
		"gpt-4o-mini-2024-07-18":            "gpt-4o-mini",
		"openai/gpt-4o-2024-08-06":          "openai/gpt-4o",
		"ft:gpt-4o-mini-2024-07-18:acme::x": "gpt-4o-mini",
		"ft:gpt-4o":                         "gpt-4o",
		"gpt-4-0613":                        "gpt-4-0613",
		"gpt-4o-2024-08-06-preview":         "gpt-4o-2024-08-06-preview",
		"gpt-4o-2024-08-0x":                 "gpt-4o-2024-08-0x",
		"-2024-08-06":                       "-2024-08-06",
		"":                                  "",
	} {
		if got := openai.New(openai.Config{}).Family(model); got != want {
			t.Errorf("family of %q: got %q, want %q", model, got, want)
		}
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	d := openai.New(openai.Config{})
	if c := d.ModelsCall(); c.Method != http.MethodGet || c.Path != "/models" || c.Body != nil || c.Answer != nil {
		t.Errorf("got %+v, want a bare GET /models", c)
	}
	one := []provider.Model{{ID: "gpt-4o", Created: time.Unix(1715367049, 0).UTC(), Owner: "system"}}
	tests := []struct {
		name string
		body string
		want []provider.Model
		err  string
	}{
		{"OpenAI", `{"object":"list","data":[{"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system"}]}`, one, ""},
		{"bare array", `[{"id":"gpt-4o","created":1715367049,"owned_by":"system"}]`, one, ""},
		{"only ids", `{"data":[{"id":"a"},{"id":""},{"object":"model"},{"id":"b","created":0}]}`, []provider.Model{{ID: "a"}, {ID: "b"}}, ""},
		{"empty", `{"object":"list","data":[]}`, nil, ""},
		{"null", `{"object":"list","data":null}`, nil, ""},
		{"no data", `{"object":"list"}`, nil, "no array"},
		{"error", `{"error":{"message":"x"}}`, nil, "no array"},
		{"page", `<html>`, nil, "not valid JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := d.ParseModels([]byte(tt.body))
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q in it", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("models differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want upstream.Usage
	}{
		{"details", `{"id":"x","choices":[],"new":[1],"usage":{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30},"completion_tokens_details":{"reasoning_tokens":5}}}`,
			upstream.Usage{InputTokens: 10, CacheReadTokens: 60, CacheWriteTokens: 30, OutputTokens: 20, ReasoningTokens: 5, Exact: true}},
		{"plain", ` {"usage":{"prompt_tokens":7,"completion_tokens":2}}`, upstream.Usage{InputTokens: 7, OutputTokens: 2, Exact: true}},
		{"nulls", `{"usage":{"prompt_tokens":7,"completion_tokens":null,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}}`,
			upstream.Usage{InputTokens: 7, Exact: true}},
		{"more cached than read", `{"usage":{"prompt_tokens":7,"prompt_tokens_details":{"cached_tokens":9}}}`, upstream.Usage{CacheReadTokens: 9, Exact: true}},
		{"DeepSeek", `{"usage":{"prompt_tokens":7,"prompt_cache_hit_tokens":3,"prompt_cache_miss_tokens":4}}`, upstream.Usage{InputTokens: 4, CacheReadTokens: 3, Exact: true}},
		{"negative and absurd", `{"usage":{"prompt_tokens":-7,"completion_tokens":1e300}}`, upstream.Usage{OutputTokens: 1 << 40, Exact: true}},
		{"no usage", `{"choices":[]}`, upstream.Usage{}},
		{"usage null", `{"usage":null}`, upstream.Usage{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := call(t, openai.Config{}, "").Answer.Whole([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if string(reply.Body) != tt.body {
				t.Errorf("body %s, want it unchanged", reply.Body)
			}
			if diff := cmp.Diff(tt.want, reply.Usage); diff != "" {
				t.Errorf("usage differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWholeRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"page":    "<html>502</html>",
		"empty":   "",
		"cut off": `{"choices":[{"message":`,
		"deep":    strings.Repeat("[", 6<<20),
	} {
		_, err := call(t, openai.Config{}, "").Answer.Whole([]byte(body))
		if f := upstream.AsFault(err); err == nil || f.Class != upstream.Provider || strings.Contains(f.Message, "<") {
			t.Errorf("%s: got %v, want a fault of class provider", name, err)
		}
	}
}
