package anthropic

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/simprovider/anthropic"
	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

// said is what a client has read of an answer, however it came.
type said struct {
	Content, Reasoning, Refusal, Finish string
	Calls                               []string // id, form, name and input
	Cited                               []string // url, start and end
	Blocks                              []string
	Details                             []string
}

// readWhole reads a chat.completion.
func readWhole(body []byte) said {
	choice := gjson.GetBytes(body, "choices.0")
	m := choice.Get("message")
	s := said{Content: m.Get("content").Str, Reasoning: m.Get("reasoning_content").Str, Refusal: m.Get("refusal").Str, Finish: choice.Get("finish_reason").Str}
	s.addLists(m)
	for _, c := range m.Get("tool_calls").Array() {
		s.Calls = append(s.Calls, callOf(c))
	}
	if f := m.Get("function_call"); f.Exists() {
		s.Calls = append(s.Calls, "legacy "+f.Get("name").Str+" "+f.Get("arguments").Str)
	}
	return s
}

func (s *said) addLists(m gjson.Result) {
	for _, c := range m.Get("annotations").Array() {
		s.Cited = append(s.Cited, c.Get("url_citation").Get("url").Str+" "+c.Get("url_citation.start_index").Raw+"-"+c.Get("url_citation.end_index").Raw)
	}
	for _, b := range m.Get("server_blocks").Array() {
		s.Blocks = append(s.Blocks, b.Get("@ugly").Raw)
	}
}

func callOf(c gjson.Result) string {
	return c.Get("id").Str + " " + c.Get("type").Str + " " + c.Get("function.name").Str + c.Get("custom.name").Str + " " +
		c.Get("function.arguments").Str + c.Get("custom.input").Str
}

// readStream reads chunks to their end as an SDK does: texts are joined, calls
// put together by index.
func readStream(t *testing.T, stream provider.Stream) said {
	t.Helper()
	var s said
	var calls []map[string]string
	legacy := map[string]string{}
	for {
		chunk, err := stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the stream failed: %v", err)
		}
		choice := gjson.GetBytes(chunk.Data, "choices.0")
		d := choice.Get("delta")
		s.Content += d.Get("content").Str
		s.Reasoning += d.Get("reasoning_content").Str
		s.Refusal += d.Get("refusal").Str
		s.Finish += choice.Get("finish_reason").Str
		s.addLists(d)
		for _, item := range d.Get("reasoning_details").Array() {
			s.Details = append(s.Details, item.Raw)
		}
		for _, c := range d.Get("tool_calls").Array() {
			for int(c.Get("index").Int()) >= len(calls) {
				calls = append(calls, map[string]string{})
			}
			join(calls[c.Get("index").Int()], map[string]gjson.Result{"id": c.Get("id"), "type": c.Get("type"),
				"name": c.Get("function.name"), "name2": c.Get("custom.name"), "input": c.Get("function.arguments"), "input2": c.Get("custom.input")})
		}
		join(legacy, map[string]gjson.Result{"name": d.Get("function_call.name"), "input": d.Get("function_call.arguments")})
	}
	for _, c := range calls {
		s.Calls = append(s.Calls, c["id"]+" "+c["type"]+" "+c["name"]+c["name2"]+" "+c["input"]+c["input2"])
	}
	if legacy["name"] != "" {
		s.Calls = append(s.Calls, "legacy "+legacy["name"]+" "+legacy["input"])
	}
	return s
}

func join(to map[string]string, more map[string]gjson.Result) {
	for name, v := range more {
		to[name] += v.Str
	}
}

var judge = anthropic.Dialect{Models: catalogue.New([]string{"*"})}

// roundTrip translates a request, has the simulated provider answer it whole
// and streamed, translates both back and holds them to each other. It returns
// nil when the request is refused on the way.
func roundTrip(t *testing.T, body []byte) *said {
	t.Helper()
	req, err := chat.Parse(body)
	if err != nil {
		return nil
	}
	call, err := newTestDialect().EncodeChat(req, req.Model)
	if err != nil {
		return nil
	}
	prompt, refused := judge.Parse(call.Body, call.Header)
	if refused != nil {
		return nil
	}
	id := &dialogue.Call{ID: "1", MessageID: "01A", Model: req.Model}
	composed := dialogue.Compose(prompt, 30)
	reply, err := call.Answer.Whole(judge.Whole(id, composed))
	if err != nil {
		t.Fatalf("Whole: %v", err)
	}
	if !json.Valid(reply.Body) {
		t.Fatalf("completion is not JSON: %s", reply.Body)
	}
	var events bytes.Buffer
	for _, e := range judge.Events(id, composed) {
		events.Write(e.Data)
	}
	whole, streamed := readWhole(reply.Body), readStream(t, call.Answer.Stream(&events))
	details := streamed.Details
	streamed.Details = nil
	if diff := cmp.Diff(whole, streamed); diff != "" {
		t.Errorf("whole and streamed differ (-whole +streamed):\n%s\nfor %s", diff, body)
	}
	whole.Details = details
	return &whole
}

// TestRoundTrip asks for every kind of answer that the simulation knows.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	user := func(text string) string { return `"messages":[{"role":"user","content":"` + text + `"}]` }
	tool := `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},{"type":"function","function":{"name":"now"}}]`
	search := `"web_search_options":{}`
	schema := `"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`
	list := `"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"array","items":{"type":"integer"}}}}`
	tests := []struct {
		name, model string
		fields      []string
		want        func(s *said) bool
	}{
		{"text", "claude-opus-5", []string{user("Hällo 🦄")}, func(s *said) bool { return strings.Contains(s.Content, "Hällo 🦄") && s.Finish == "stop" }},
		{"thinking", "claude-opus-5", []string{user("Hi"), `"reasoning_effort":"high"`}, func(s *said) bool { return s.Reasoning != "" && len(s.Details) > 1 }},
		{"redacted thinking", "claude-opus-5", []string{user("Hi sim:redacted")}, func(s *said) bool { return len(s.Details) > 0 }},
		{"call", "claude-opus-5", []string{user("What is the weather?"), tool}, func(s *said) bool { return len(s.Calls) == 1 && s.Finish == "tool_calls" }},
		{"parallel calls", "claude-haiku-4-5", []string{user("Use parallel tools"), tool}, func(s *said) bool { return len(s.Calls) == 2 && strings.HasSuffix(s.Calls[1], " now {}") }},
		{"custom call", "claude-opus-5", []string{user("Use a tool"), `"tools":[{"type":"custom","custom":{"name":"patch"}}]`}, func(s *said) bool { return len(s.Calls) == 1 && strings.Contains(s.Calls[0], " custom patch a input") }},
		{"legacy call", "claude-opus-5", []string{user("Use a function tool"), `"functions":[{"name":"now"}]`}, func(s *said) bool {
			return s.Finish == "function_call" && len(s.Calls) == 1 && s.Calls[0] == "legacy now {}"
		}},
		{"schema", "claude-opus-5", []string{user("Hi"), schema}, func(s *said) bool { return s.Content == `{"city":"Paris"}` && s.Finish == "stop" }},
		{"schema by a tool", "claude-3-haiku-20240307", []string{user("Hi"), schema}, func(s *said) bool {
			return s.Content == `{"city":"Paris"}` && s.Finish == "stop" && s.Calls == nil
		}},
		{"schema of a list by a tool", "claude-3-haiku-20240307", []string{user("Hi"), list}, func(s *said) bool { return s.Content == `[3]` && s.Finish == "stop" }},
		{"schema by a tool beside a call", "claude-3-haiku-20240307", []string{user("What is the weather?"), schema, tool}, func(s *said) bool { return len(s.Calls) == 1 && s.Finish == "tool_calls" && s.Content == "" }},
		{"search", "claude-opus-5", []string{user("Find it. sim:search"), search}, func(s *said) bool { return len(s.Cited) == 1 && len(s.Blocks) == 2 }},
		{"pause", "claude-opus-5", []string{user("Find it. sim:pause"), search}, func(s *said) bool { return s.Finish == "stop" && len(s.Blocks) == 2 && s.Content == "" }},
		{"document cited", "claude-opus-5", []string{user("sim:citations")}, func(s *said) bool { return s.Content != "" && s.Cited == nil }},
		{"refusal", "claude-opus-5", []string{user("sim:refusal")}, func(s *said) bool { return s.Finish == "content_filter" && s.Refusal != "" && s.Content == "" }},
		{"end of the window", "claude-opus-5", []string{user("sim:window")}, func(s *said) bool { return s.Finish == "length" }},
		{"cut short", "claude-opus-5", []string{user("Hi"), `"max_tokens":3`}, func(s *said) bool { return s.Finish == "length" }},
		{"stop sequence", "claude-opus-5", []string{user("Hi"), `"stop":"wrote"`}, func(s *said) bool { return s.Content == "You " && s.Finish == "stop" }},
		{"prefix", "claude-haiku-4-5", []string{`"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Sure:","prefix":true}]`}, func(s *said) bool { return strings.HasPrefix(s.Content, "Sure:You wrote") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := `{"model":"` + tt.model + `",` + strings.Join(tt.fields, ",") + `}`
			got := roundTrip(t, []byte(body))
			if got == nil {
				t.Fatalf("refused: %s", body)
			}
			if !tt.want(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestConversationGoesOn: what an answer became can be sent back, and is taken.
func TestConversationGoesOn(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"thinking and calls": "Use parallel tools sim:redacted", "search": "sim:search", "pause": "sim:pause", "text": "Hi",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest := `"model":"claude-opus-5","reasoning_effort":"high","web_search_options":{},` +
				`"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]`
			first := `{"role":"user","content":"` + text + `"}`
			req, err := chat.Parse([]byte(`{` + rest + `,"messages":[` + first + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			call, err := newTestDialect().EncodeChat(req, req.Model)
			if err != nil {
				t.Fatal(err)
			}
			prompt, refused := judge.Parse(call.Body, call.Header)
			if refused != nil {
				t.Fatal(refused.Message)
			}
			reply, err := call.Answer.Whole(judge.Whole(&dialogue.Call{MessageID: "01A"}, dialogue.Compose(prompt, 30)))
			if err != nil {
				t.Fatal(err)
			}
			answer := gjson.GetBytes(reply.Body, "choices.0.message")
			turns := []string{first, answer.Raw}
			for _, c := range answer.Get("tool_calls").Array() {
				turns = append(turns, `{"role":"tool","tool_call_id":`+c.Get("id").Raw+`,"content":"ok"}`)
			}
			turns = append(turns, `{"role":"user","content":"Go on."}`)
			if roundTrip(t, []byte(`{`+rest+`,"messages":[`+strings.Join(turns, ",")+`]}`)) == nil {
				t.Errorf("the conversation was refused after %s", answer.Raw)
			}
		})
	}
}

// FuzzRoundTrip: whatever is translated and taken gives the same answer whole
// and streamed.
func FuzzRoundTrip(f *testing.F) {
	for _, body := range golden.Inputs(f, "request", ".json", ".request.json") {
		f.Add(body)
	}
	f.Add([]byte(`{"model":"claude-opus-5","web_search_options":{},"messages":[{"role":"user","content":"sim:search sim:redacted sim:pings"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { roundTrip(t, body) })
}
