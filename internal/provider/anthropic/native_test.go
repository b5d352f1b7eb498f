package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	simulated "github.com/fallow-dev/fallow/internal/simprovider/anthropic"
	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
)

func native(t *testing.T, r provider.NativeRequest) *provider.Call {
	t.Helper()
	call, ok := newTestDialect().EncodeNative(r)
	if !ok {
		t.Fatalf("%s is refused", r.API)
	}
	return call
}

func TestEncodeNative(t *testing.T) {
	t.Parallel()
	tests := []struct {
		api    provider.API
		path   string
		ok     bool
		stream bool
	}{
		{provider.Messages, "/v1/messages", true, true},
		{provider.CountTokens, "/v1/messages/count_tokens", true, false},
		{provider.Responses, "", false, false},
		{provider.Embeddings, "", false, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.api), func(t *testing.T) {
			t.Parallel()
			call, ok := newTestDialect().EncodeNative(provider.NativeRequest{API: tt.api, Body: []byte(`{"model":"a"}`), Model: "b", Stream: true})
			if ok != tt.ok {
				t.Fatalf("ok = %v, want %v", ok, tt.ok)
			}
			if !ok {
				return
			}
			if call.Path != tt.path || call.Method != http.MethodPost || call.Stream != tt.stream || call.Answer == nil || len(call.Dropped) > 0 {
				t.Errorf("got %+v, want a POST to %s", call, tt.path)
			}
			if got, want := string(call.Body), `{"model":"b"}`; got != want {
				t.Errorf("body %s, want %s", got, want)
			}
		})
	}
}

func TestNativeBodyKeepsItsBytes(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"alone", `{"model":"a"}`, `{"model":"up"}`},
		{"spaces, order and numbers", "{ \"z\":1.0 ,\n\t\"model\" : \"a\" , \"max_tokens\":1e2 }\n", "{ \"z\":1.0 ,\n\t\"model\" : \"up\" , \"max_tokens\":1e2 }\n"},
		{"models further inside", `{"tools":[{"model":"x"}],"model":"a","metadata":{"model":"y"}}`, `{"tools":[{"model":"x"}],"model":"up","metadata":{"model":"y"}}`},
		{"twice", `{"model":"a","model":"b"}`, `{"model":"up","model":"up"}`},
		{"in disguise", `{"mod\u0065l":"a"}`, `{"mod\u0065l":"up"}`},
		{"of another type", `{"model":{"a":[1]},"x":1}`, `{"model":"up","x":1}`},
		{"thinking, images and surrogates", `{"model":"a","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"\ud83e\/","signature":"s"},{"type":"image","source":{"type":"url","url":"https://x"}}]}]}`,
			`{"model":"up","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"\ud83e\/","signature":"s"},{"type":"image","source":{"type":"url","url":"https://x"}}]}]}`},
		{"none", `{"max_tokens":1}`, `{"max_tokens":1}`},
		{"no object", `[1]`, `[1]`},
		{"empty", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := []byte(tt.body)
			if got := string(native(t, provider.NativeRequest{API: provider.Messages, Body: body, Model: "up"}).Body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if string(body) != tt.body {
				t.Errorf("the client's body became %s", body)
			}
		})
	}
}

func TestNativeHeader(t *testing.T) {
	t.Parallel()
	client := http.Header{
		"Anthropic-Version": {"2026-10-21"}, "Anthropic-Beta": {"a-1,b-2", "c-3"}, "Anthropic-Something-New": {"x"},
		"Anthropic-Workspace-Id": {"wrkspc_1"}, "Anthropic-Dangerous-Direct-Browser-Access": {"true"},
		"Authorization": {"Bearer secret"}, "X-Api-Key": {"secret"}, "Cookie": {"secret"}, "User-Agent": {"claude-cli"}, "Content-Type": {"application/json; charset=utf-8"},
	}
	got := native(t, provider.NativeRequest{API: provider.Messages, Body: []byte(`{}`), Header: client}).Header
	want := http.Header{"Content-Type": {"application/json"}, "Anthropic-Version": {"2026-10-21"}, "Anthropic-Beta": {"a-1,b-2", "c-3"}, "Anthropic-Something-New": {"x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	got = native(t, provider.NativeRequest{API: provider.Messages, Body: []byte(`{}`)}).Header
	if v := got.Get("Anthropic-Version"); v != "2023-06-01" {
		t.Errorf("without a version of the client's got %q, want 2023-06-01", v)
	}
}

// TestNativeClaudeCode passes on a body in the form of Claude Code's, and shows
// it to the simulated provider: body and betas only work together.
func TestNativeClaudeCode(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join("testdata", "native", "claude_code.json"))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Header{
		"Anthropic-Version": {"2023-06-01"},
		"Anthropic-Beta":    {"claude-code-20250219,context-management-2025-06-27,prompt-caching-scope-2026-01-05,effort-2025-11-24"},
	}
	judge := simulated.Dialect{Models: catalogue.New(nil)}
	call := native(t, provider.NativeRequest{API: provider.Messages, Body: body, Model: "claude-opus-5", Stream: true, Header: client})
	if _, refused := judge.Parse(call.Body, call.Header); refused != nil {
		t.Errorf("the provider would refuse it: %s", refused.Message)
	}
	call.Header.Del("Anthropic-Beta")
	if _, refused := judge.Parse(call.Body, call.Header); refused == nil {
		t.Error("the provider would take it without its betas, so this test proves nothing")
	}
	if want := bytes.Replace(body, []byte(`"fast"`), []byte(`"claude-opus-5"`), 1); !bytes.Equal(call.Body, want) {
		t.Error("more than the model was changed")
	}
}

func TestNativeWhole(t *testing.T) {
	t.Parallel()
	body := []byte(`{ "type":"message", "content":[], "usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":9} }`)
	reply, err := (&nativeAnswer{now: newTestDialect().now}).Whole(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := (upstream.Usage{InputTokens: 5, CacheReadTokens: 7, OutputTokens: 9, Exact: true}); reply.Usage != want {
		t.Errorf("usage %+v, want %+v", reply.Usage, want)
	}
	if !bytes.Equal(reply.Body, body) {
		t.Errorf("body %s, want it unchanged", reply.Body)
	}
	for name, bad := range map[string]string{"page": "<html>", "error": `{"type":"error","error":{"type":"api_error"}}`, "no message": `{}`} {
		if reply, err := (&nativeAnswer{now: newTestDialect().now}).Whole([]byte(bad)); err == nil {
			t.Errorf("%s: got %s, want a fault", name, reply.Body)
		}
	}
}

func TestNativeCountTokens(t *testing.T) {
	t.Parallel()
	a := native(t, provider.NativeRequest{API: provider.CountTokens, Body: []byte(`{"model":"a"}`), Model: "b"}).Answer
	reply, err := a.Whole([]byte(`{"input_tokens": 42}`))
	if err != nil || string(reply.Body) != `{"input_tokens": 42}` || reply.Usage != (upstream.Usage{Exact: true}) {
		t.Errorf("got %s, %+v, %v; want the body and no usage", reply.Body, reply.Usage, err)
	}
	for _, bad := range []string{`{"input`, `{"type":"error","error":{"type":"overloaded_error"}}`} {
		if _, err := a.Whole([]byte(bad)); err == nil {
			t.Errorf("%s is taken for an answer", bad)
		}
	}
	if _, err := a.Stream(strings.NewReader("")).Next(); err == nil {
		t.Error("an empty stream has no fault")
	}
}

// TestNativeStream holds the streams of testdata/stream to their own bytes, and
// testdata/native/NAME.sse against NAME.want.txt.
func TestNativeStream(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "native", ".sse", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			s := (&nativeAnswer{now: newTestDialect().now}).Stream(bytes.NewReader(body))
			golden.Check(t, name+".want.txt", []byte(transcript(t, s)))
		})
	}
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			ours := newStream(bytes.NewReader(body), false)
			_, want := drain(t, ours)
			s := (&nativeAnswer{now: newTestDialect().now}).Stream(bytes.NewReader(body))
			var err error
			for err == nil {
				var chunk provider.Chunk
				chunk, err = s.Next()
				if len(chunk.Data) > 0 && (!bytes.Contains(body, chunk.Data) || chunk.Event == "") {
					t.Errorf("event %q: %s is not what came", chunk.Event, chunk.Data)
				}
			}
			if _, again := s.Next(); again != err {
				t.Errorf("after %v came %v", err, again)
			}
			if fmt.Sprint(err) != fmt.Sprint(want) || s.Usage() != ours.Usage() {
				t.Errorf("ended with %v and %+v, translated with %v and %+v", err, s.Usage(), want, ours.Usage())
			}
		})
	}
}

func TestNativeStreamEndsAsItsReaderDoes(t *testing.T) {
	t.Parallel()
	s := (&nativeAnswer{now: newTestDialect().now}).Stream(strings.NewReader(startEvent + textEvent + "data: {\"type\":\"con"))
	var fault *upstream.Fault
	if _, err := drain(t, s); !errors.As(err, &fault) || fault.Class != upstream.Truncated {
		t.Errorf("got %v, want a fault of class truncated", err)
	}
	s = (&nativeAnswer{now: newTestDialect().now}).Stream(strings.NewReader(startEvent + stopEvent + textEvent))
	if chunks, err := drain(t, s); err != io.EOF || len(chunks) != 2 || !json.Valid([]byte(chunks[1])) {
		t.Errorf("got %q and %v, want nothing after message_stop", chunks, err)
	}
}
