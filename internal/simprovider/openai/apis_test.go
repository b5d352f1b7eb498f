package openai

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

var responses, completions = Responses{dialect}, Completions{dialect}

// thinker is an answer with one block of each kind.
func thinker() *dialogue.Answer {
	return &dialogue.Answer{Usage: dialogue.Usage{Input: 12, CacheRead: 2048, Output: 9, Thinking: 3}, Blocks: []dialogue.Block{
		{Kind: dialogue.Thinking, Pieces: []string{"The user ", "wants"}, Signature: "c2ln"},
		{Pieces: []string{"Looks ", "<good>"}},
		{Kind: dialogue.ToolCall, ID: "A", Name: "get_weather", Pieces: []string{`{"city":`, `"Paris"}`}},
		{Kind: dialogue.ToolCall, ID: "B", Name: "now"},
	}}
}

func TestResponsesAnswers(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*dialogue.Answer{
		"response":          thinker(),
		"response hidden":   {Blocks: []dialogue.Block{{Kind: dialogue.Thinking, Signature: "c2ln"}, {Pieces: []string{"x"}}}},
		"response cut":      {Stop: dialogue.MaxTokens, Blocks: []dialogue.Block{{Pieces: []string{"x"}}}},
		"response of calls": {Stop: dialogue.ToolUse, Blocks: []dialogue.Block{{Kind: dialogue.ToolCall, ID: "B", Name: "now"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := call(false)
			c.Encrypted = name == "response hidden"
			like(t, "whole "+name+".json", indent(t, responses.Whole(c, a)))
			var stream bytes.Buffer
			for _, e := range responses.Events(c, a) {
				stream.Write(e.Data)
			}
			like(t, "stream "+name+".txt", stream.Bytes())
		})
	}
}

// The deltas of a stream add up to what is said whole, numbered without a gap.
func TestResponseStreamAddsUp(t *testing.T) {
	t.Parallel()
	c, a := call(false), thinker()
	said, tokens := map[string]string{}, 0
	for i, e := range responses.Events(c, a) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(string(e.Data), "event: "), "\n")
		event := gjson.Parse(strings.TrimPrefix(rest, "data: "))
		if event.Get("type").Str != name || event.Get("sequence_number").Int() != int64(i) {
			t.Errorf("event %d is %s, number %s", i, name, event.Get("sequence_number"))
		}
		if e.Content != strings.HasSuffix(name, ".delta") {
			t.Errorf("%s: content %v", name, e.Content)
		}
		said[event.Get("item_id").Str] += event.Get("delta").Str
		tokens += e.Tokens
	}
	whole := gjson.ParseBytes(responses.Whole(c, a))
	for _, it := range whole.Get("output").Array() {
		want := it.Get("summary.0.text").Str + it.Get("content.0.text").Str + it.Get("arguments").Str
		if got := said[it.Get("id").Str]; got != want {
			t.Errorf("%s: deltas say %q, whole %q", it.Get("type"), got, want)
		}
	}
	if tokens == 0 {
		t.Error("the stream carries no tokens")
	}
}

func TestResponseFailure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ code, want string }{{"", "server_error"}, {"rate_limit_exceeded", "rate_limit_exceeded"}} {
		event := string(responses.ErrorEvent(call(false), &dialogue.Refusal{Code: tt.code, Message: "sorry"}))
		if !strings.HasPrefix(event, "event: response.failed\n") || !strings.Contains(event, `"status":"failed","error":{"code":"`+tt.want+`","message":"sorry"}`) {
			t.Errorf("got %s", event)
		}
	}
}

func TestResponsesPrompt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       func(*dialogue.Prompt) any
		expect     any
	}{
		{"text", `"input":"hello"`, func(p *dialogue.Prompt) any { return p.Text }, "hello"},
		{"parts", `"instructions":"be brief","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,QUJD"},{"type":"input_file","file_data":"data:application/pdf;base64,QQ=="}]}]`,
			func(p *dialogue.Prompt) any { return p.Media }, []dialogue.Media{{Type: "image/png", Bytes: 3}, {Type: "application/pdf", Bytes: 1}}},
		{"tool loop", `"input":[{"role":"user","content":"a"},{"type":"reasoning","summary":[]},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"2","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"r1"},{"type":"function_call_output","call_id":"2","output":[{"type":"input_text","text":"r2"}]}]`,
			func(p *dialogue.Prompt) any { return p.Results }, []string{"r1", "r2"}},
		{"tools", `"input":"x","tools":[{"type":"web_search"},{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"}`,
			func(p *dialogue.Prompt) any { return p.Choice }, dialogue.Choice{Mode: dialogue.Named, Tool: "f"}},
		{"required", `"input":"x","tools":[{"type":"function","name":"f"}],"tool_choice":"required","parallel_tool_calls":false`,
			func(p *dialogue.Prompt) any { return p.Choice }, dialogue.Choice{Mode: dialogue.Any, Single: true}},
		{"hosted tools are never called", `"input":"x","tools":[{"type":"web_search"}]`, func(p *dialogue.Prompt) any { return len(p.Tools) }, 0},
		{"bound", `"input":"x","max_output_tokens":7`, func(p *dialogue.Prompt) any { return [2]int{p.MaxTokens, p.Reserve} }, [2]int{7, 7}},
		{"schema", `"input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"a":1}}}`, func(p *dialogue.Prompt) any { return p.Schema.Raw }, `{"a":1}`},
		{"text format", `"input":"x","text":{"format":{"type":"text"}}`, func(p *dialogue.Prompt) any { return p.JSON }, false},
		{"reasoning", `"input":"x","reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"]`,
			func(p *dialogue.Prompt) any { return []bool{p.Thinking, p.ShowThinking, p.Encrypted} }, []bool{true, true, true}},
		{"none", `"input":"x","reasoning":{"effort":"none"}`, func(p *dialogue.Prompt) any { return []bool{p.Thinking, p.ShowThinking, p.Encrypted} }, []bool{false, false, false}},
		{"stream", `"input":"x","stream":true`, func(p *dialogue.Prompt) any { return p.Stream }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, bad := responses.Parse([]byte(`{"model":"gpt-5",`+tt.body+`}`), nil)
			if bad != nil {
				t.Fatal(bad.Message)
			}
			if diff := cmp.Diff(tt.expect, tt.want(p)); diff != "" {
				t.Errorf("prompt (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusalsOfOtherAPIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		parse  func([]byte) *dialogue.Refusal
		body   string
		status int
		param  string
	}{
		{"response: no JSON", refusedBy(responses.Parse), "{", 400, ""},
		{"response: no input", refusedBy(responses.Parse), `{"model":"gpt-5"}`, 400, "input"},
		{"response: part", refusedBy(responses.Parse), `{"model":"gpt-5","input":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"y"}]}]}`, 400, "input[0].content[0].text"},
		{"response: model", refusedBy(responses.Parse), `{"model":"nope","input":"x"}`, 404, ""},
		{"response: earlier one", refusedBy(responses.Parse), `{"model":"gpt-5","input":"x","previous_response_id":"resp_1"}`, 400, "previous_response_id"},
		{"completion: no JSON", refusedBy(completions.Parse), "[]", 400, ""},
		{"completion: no prompt", refusedBy(completions.Parse), `{"model":"gpt-4o"}`, 400, "prompt"},
		{"embeddings: no JSON", refusedSimple("/v1/embeddings", "application/json"), "{", 400, ""},
		{"embeddings: no input", refusedSimple("/v1/embeddings", "application/json"), `{"model":"text-embedding-3-small"}`, 400, "input"},
		{"embeddings: model", refusedSimple("/v1/embeddings", "application/json"), `{"model":"nope","input":"x"}`, 404, ""},
		{"image: no prompt", refusedSimple("/v1/images/generations", "application/json"), `{"model":"gpt-image-1"}`, 400, "prompt"},
		{"speech: no voice", refusedSimple("/v1/audio/speech", "application/json"), `{"model":"tts-1","input":"x"}`, 400, "input"},
		{"rerank: no documents", refusedSimple("/v1/rerank", "application/json"), `{"model":"rerank-v3.5","query":"x"}`, 400, "documents"},
		{"transcript: no form", refusedSimple("/v1/audio/transcriptions", "application/json"), `{}`, 400, ""},
		{"transcript: broken form", refusedSimple("/v1/audio/transcriptions", "multipart/form-data; boundary=b"), `x`, 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := tt.parse([]byte(tt.body))
			if bad == nil || bad.Status != tt.status || bad.Param != tt.param || bad.Message == "" {
				t.Errorf("got %+v, want %d param %q", bad, tt.status, tt.param)
			}
		})
	}
}

func refusedBy[H any](parse func([]byte, H) (*dialogue.Prompt, *dialogue.Refusal)) func([]byte) *dialogue.Refusal {
	return func(body []byte) *dialogue.Refusal {
		var none H
		_, bad := parse(body, none)
		return bad
	}
}

func refusedSimple(path, kind string) func([]byte) *dialogue.Refusal {
	return func(body []byte) *dialogue.Refusal {
		_, bad := APIs[path](dialect, Request{Type: kind, Body: body})
		return bad
	}
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	p, bad := completions.Parse([]byte(`{"model":"gpt-4o","prompt":["a","b"],"max_tokens":7,"stream":true,"stream_options":{"include_usage":true}}`), nil)
	if bad != nil || p.Reserve != 7 || !p.IncludeUsage {
		t.Fatalf("got %+v, %+v", p, bad)
	}
	a := &dialogue.Answer{Stop: dialogue.MaxTokens, Blocks: []dialogue.Block{{Pieces: []string{"Looks ", "<good>"}}}, Usage: dialogue.Usage{Input: 12, Output: 4}}
	like(t, "whole completion.json", indent(t, completions.Whole(call(false), a)))
	var stream bytes.Buffer
	for _, e := range completions.Events(call(true), a) {
		stream.Write(e.Data)
	}
	like(t, "stream completion.txt", stream.Bytes())
}

func answerOf(t *testing.T, path, body string) *Made {
	t.Helper()
	made, bad := APIs[path](dialect, Request{Type: "application/json", Body: []byte(body), Created: time.Unix(1795348800, 0)})
	if bad != nil {
		t.Fatal(bad.Message)
	}
	return made
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	plain := answerOf(t, "/v1/embeddings", `{"model":"text-embedding-3-small","input":["one","two","one"]}`)
	var got struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
		Usage map[string]int `json:"usage"`
	}
	if err := json.Unmarshal(plain.Body, &got); err != nil || len(got.Data) != 3 {
		t.Fatalf("%v in %s", err, plain.Body)
	}
	var length float64
	for _, x := range got.Data[0].Embedding {
		length += x * x
	}
	if math.Abs(length-1) > 1e-5 || !cmp.Equal(got.Data[0].Embedding, got.Data[2].Embedding) || cmp.Equal(got.Data[0].Embedding, got.Data[1].Embedding) {
		t.Errorf("want vectors of length 1 that depend on the text alone, got %v", got.Data)
	}
	if got.Usage["prompt_tokens"] != 3 || plain.Need.Tokens != 3 || plain.Need.Requests != 1 {
		t.Errorf("usage %v, need %+v; want 3 tokens", got.Usage, plain.Need)
	}
	coded := gjson.GetBytes(answerOf(t, "/v1/embeddings", `{"model":"text-embedding-3-small","input":"one","encoding_format":"base64"}`).Body, "data.0.embedding").Str
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(raw) != 4*dimensions {
		t.Fatalf("%v: %d bytes", err, len(raw))
	}
	if first := math.Float32frombits(binary.LittleEndian.Uint32(raw)); math.Abs(float64(first)-got.Data[0].Embedding[0]) > 1e-6 {
		t.Errorf("base64 says %v, JSON %v", first, got.Data[0].Embedding[0])
	}
}

func TestSimpleAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path, body, kind string
		tokens                 int64
		field, want            string
	}{
		{"moderations", "/v1/moderations", `{"model":"omni-moderation-latest","input":["be kind","KILL"]}`, "application/json", 0, "results.#.flagged", "[false,true]"},
		{"image", "/v1/images/generations", `{"model":"gpt-image-1","prompt":"a cat","n":2}`, "application/json", 2*imageTokens + 2, "data.#", "2"},
		{"image has a date", "/v1/images/generations", `{"model":"gpt-image-1","prompt":"a cat"}`, "application/json", imageTokens + 2, "created", "1795348800"},
		{"rerank", "/v1/rerank", `{"model":"rerank-v3.5","query":"red cat","documents":["a dog","a cat","the red cat",{"text":"Red"}],"top_n":3}`, "application/json", 10, "results.#.index", "[2,1,3]"},
		{"a model by pattern of the catalogue", "/v1/embeddings", `{"model":"gpt-5","input":"x"}`, "application/json", 1, "model", "gpt-5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made := answerOf(t, tt.path, tt.body)
			if got := gjson.GetBytes(made.Body, tt.field).String(); got != tt.want || made.Type != tt.kind || made.Need.Tokens != tt.tokens {
				t.Errorf("got %s, type %s, %d tokens; want %s, %s, %d", got, made.Type, made.Need.Tokens, tt.want, tt.kind, tt.tokens)
			}
		})
	}
}

func TestSpeech(t *testing.T) {
	t.Parallel()
	made := answerOf(t, "/v1/audio/speech", `{"model":"tts-1","input":"hello you","voice":"alloy"}`)
	if made.Type != "audio/mpeg" || !bytes.HasPrefix(made.Body, []byte("ID3")) {
		t.Errorf("got %q of %s", made.Body[:3], made.Type)
	}
	if pcm := answerOf(t, "/v1/audio/speech", `{"model":"tts-1","input":"x","voice":"alloy","response_format":"pcm"}`); pcm.Type != "audio/pcm" {
		t.Errorf("got %s, want audio/pcm", pcm.Type)
	}
}

func TestTranscribe(t *testing.T) {
	t.Parallel()
	form := func(model, format string, file bool) Request {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		_ = w.WriteField("model", model)
		_ = w.WriteField("response_format", format)
		if file {
			f, _ := w.CreateFormFile("file", "a.mp3")
			_, _ = f.Write([]byte("1234"))
		}
		_ = w.Close()
		return Request{Type: w.FormDataContentType(), Body: body.Bytes()}
	}
	transcriptions := APIs["/v1/audio/transcriptions"]
	made, bad := transcriptions(dialect, form("whisper-1", "json", true))
	if bad != nil || gjson.GetBytes(made.Body, "text").Str != "You sent 4 bytes." || made.Model != "whisper-1" {
		t.Errorf("got %+v, %+v", made, bad)
	}
	made, bad = transcriptions(dialect, form("whisper-1", "srt", true))
	if bad != nil || made.Type != "text/plain; charset=utf-8" || string(made.Body) != "You sent 4 bytes.\n" {
		t.Errorf("as text: got %+v, %+v", made, bad)
	}
	if _, bad = transcriptions(dialect, form("nope", "json", true)); bad == nil || bad.Status != 404 {
		t.Errorf("unknown model: got %+v, want 404", bad)
	}
	if _, bad = transcriptions(dialect, form("whisper-1", "json", false)); bad == nil || bad.Param != "file" {
		t.Errorf("no file: got %+v, want a fault of it", bad)
	}
}

func FuzzResponses(f *testing.F) {
	f.Add([]byte(`{"model":"gpt-5","input":[{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"r"}]}`))
	f.Add([]byte(`{"model":"gpt-5","input":"x","tools":[{"type":"function","name":"f"}],"reasoning":{"effort":"high"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, bad := responses.Parse(body, nil)
		if bad != nil {
			if bad.Status < 400 || bad.Message == "" {
				t.Errorf("refusal %+v has no status or text", bad)
			}
			return
		}
		a, c := dialogue.Compose(p, 20), &dialogue.Call{Model: p.Model.ID}
		if !json.Valid(responses.Whole(c, a)) || len(responses.Events(c, a)) < 3 {
			t.Errorf("no answer to %q", body)
		}
	})
}

func BenchmarkResponseEvents(b *testing.B) {
	a := &dialogue.Answer{Blocks: []dialogue.Block{{Pieces: strings.SplitAfter(strings.Repeat("word ", 500), " ")}}}
	c := call(false)
	b.ReportAllocs()
	for b.Loop() {
		responses.Events(c, a)
	}
}
