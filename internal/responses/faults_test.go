package responses

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

// What cannot be translated is refused, by the path that the client sent it at,
// and with what would be right.
func TestUntranslatable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, fields, param, text string }{
		{"stored history", `"input":"x","previous_response_id":"resp_1"`, "previous_response_id", "send the whole input"},
		{"conversation", `"input":"x","conversation":"conv_1"`, "conversation", "store: false"},
		{"conversation object", `"input":"x","conversation":{"id":"conv_1"}`, "conversation", "reasoning.encrypted_content"},
		{"background", `"input":"x","background":true`, "background", "stream: true"},
		{"template", `"prompt":{"id":"p"}`, "prompt", "instructions and input"},
		{"reference", `"input":[{"type":"item_reference","id":"msg_1"}]`, "input[0]", "send the whole input"},
		{"compaction", `"input":[{"type":"compaction","encrypted_content":"x"}]`, "input[0]", "only OpenAI"},
		{"no input", `"instructions":""`, "input", "not empty"},
		{"only hosted items", `"input":[{"type":"web_search_call"}]`, "input", "not empty"},
		{"unknown item", `"input":[{"role":"user","content":"x"},{"type":"computer_call"}]`, "input[1].type", `"computer_call"`},
		{"untyped item", `"input":[{"id":"x"}]`, "input[0].type", "leave the item out"},
		{"unknown role", `"input":[{"role":"tool","content":"x"}]`, "input[0].role", "user, assistant"},
		{"no content", `"input":[{"role":"user"}]`, "input[0].content", "list of parts"},
		{"no content of the assistant", `"input":[{"role":"assistant"}]`, "input[0].content", "list of parts"},
		{"unknown part", `"input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"video"}]}]`, "input[0].content[1].type", `"video"`},
		{"unknown part of the assistant", `"input":[{"role":"assistant","content":[{"type":"video"}]}]`, "input[0].content[0].type", `"video"`},
		{"text a number", `"input":[{"role":"user","content":[{"type":"input_text","text":1}]}]`, "input[0].content[0].text", "a string"},
		{"stored image", `"input":[{"role":"user","content":[{"type":"input_image","file_id":"file-1"}]}]`, "input[0].content[0].file_id", "the image itself"},
		{"no image", `"input":[{"role":"user","content":[{"type":"input_image"}]}]`, "input[0].content[0].image_url", "URL"},
		{"stored file", `"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]`, "input[0].content[0].file_id", "the file itself"},
		{"file elsewhere", `"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x"}]}]`, "input[0].content[0].file_url", "file_data"},
		{"nameless call", `"input":[{"type":"function_call","call_id":"c","arguments":"{}"}]`, "input[0].name", "not empty"},
		{"call without id", `"input":[{"type":"function_call","name":"f","arguments":"{}"}]`, "input[0].call_id", "not empty"},
		{"built-in call without id", `"input":[{"type":"shell_call"}]`, "input[0].call_id", "not empty"},
		{"output without id", `"input":[{"type":"function_call_output","output":"x"}]`, "input[0].call_id", "not empty"},
		{"output of unknown parts", `"input":[{"type":"function_call_output","call_id":"c","output":[{"type":"video"}]}]`, "input[0].output[0].type", `"video"`},
		{"tool of OpenAI's", `"input":"x","tools":[{"type":"function","name":"f"},{"type":"local_shell"}]`, "tools[1].type", "as a function"},
		{"files of OpenAI's", `"input":"x","tools":[{"type":"file_search","vector_store_ids":["v"]}]`, "tools[0].type", `"file_search"`},
		{"nameless tool", `"input":"x","tools":[{"type":"function"}]`, "tools[0].name", "not empty"},
		{"nameless namespace", `"input":"x","tools":[{"type":"namespace","tools":[]}]`, "tools[0].name", "not empty"},
		{"namespace in a namespace", `"input":"x","tools":[{"type":"namespace","name":"n","tools":[{"type":"namespace","name":"m"}]}]`, "tools[0].tools[0].type", "namespace"},
		{"the same tool twice", `"input":"x","tools":[{"type":"function","name":"f"},{"type":"custom","name":"f"}]`, "tools[1].name", "as the name of tools[0] does"},
		{"two that become one", `"input":"x","tools":[{"type":"namespace","name":"a","tools":[{"type":"function","name":"b__c"}]},{"type":"namespace","name":"a__b","tools":[{"type":"function","name":"c"}]}]`,
			"tools[1].tools[0].name", `"a__b__c"`},
		{"forced without tools", `"input":"x","tools":[{"type":"web_search"}],"tool_choice":"required"`, "tool_choice", "none of the tools"},
		{"forced tool of OpenAI's", `"input":"x","tool_choice":{"type":"web_search_preview"}`, "tool_choice", "by its name"},
		{"allowed without mode", `"input":"x","tool_choice":{"type":"allowed_tools","tools":[]}`, "tool_choice.mode", "auto or required"},
		{"allowed tool of OpenAI's", `"input":"x","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp"}]}`, "tool_choice.tools[0]", "by its name"},
		{"unknown format", `"input":"x","text":{"format":{"type":"grammar"}}`, "text.format.type", "json_schema"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Encode(parse(t, `{"model":"m",`+tt.fields+`}`), compatible{}, provider.NativeRequest{})
			wantFault(t, err, tt.param, tt.text)
		})
	}
}

// A schema may be as deep as a body may be; one level deeper in the translation
// it is the client's fault still.
func TestTooDeep(t *testing.T) {
	t.Parallel()
	schema := "{}"
	for range 251 {
		schema = `{"a":` + schema + `}`
	}
	req := parse(t, `{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":`+schema+`}]}`)
	if _, err := ToChat(req); err != nil {
		t.Fatalf("got %v for the deepest that fits", err)
	}
	req = parse(t, `{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":{"a":`+schema+`}}]}`)
	_, err := ToChat(req)
	wantFault(t, err, "", "deep")
}

// strict is a dialect that finds fault with one parameter, or leaves some out.
type strict struct {
	compatible
	err     error
	dropped []string
}

func (s strict) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	if s.err != nil {
		return nil, s.err
	}
	call, err := s.compatible.EncodeChat(req, model)
	call.Dropped = s.dropped
	return call, err
}

const mixed = `{"model":"m","instructions":"I","truncation":"auto","input":[{"role":"user","content":"a"},` +
	`{"type":"reasoning","summary":[]},{"role":"assistant","content":"b"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},` +
	`{"type":"function_call_output","call_id":"c","output":"d"}],` +
	`"tools":[{"type":"web_search"},{"type":"function","name":"f"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"g"}]}]}`

// A dialect speaks of the translation; the client hears of what it sent.
func TestPathsOfDialects(t *testing.T) {
	t.Parallel()
	tests := []struct{ chat, want string }{
		{"messages[0].content", "instructions"},
		{"messages[1].content[0].image_url.url", "input[0]"},
		{"messages[2].tool_calls[0].function.arguments", "input[1]"},
		{"messages[3]", "input[4]"},
		{"messages[4]", "input"},
		{"messages", "input"},
		{"tools[0].function.parameters", "tools[1]"},
		{"tools[1]", "tools[2].tools[0]"},
		{"tools", "tools"},
		{"max_tokens", "max_output_tokens"},
		{"response_format.json_schema.schema", "text.format"},
		{"reasoning_effort", "reasoning.effort"},
		{"temperature", "temperature"},
		{"", ""},
	}
	for _, tt := range tests {
		t.Run(tt.chat, func(t *testing.T) {
			t.Parallel()
			d := strict{err: &chat.ParamError{Param: tt.chat, Message: "is wrong"}}
			_, err := Encode(parse(t, mixed), d, provider.NativeRequest{})
			wantFault(t, err, tt.want, "is wrong")
		})
	}
}

func TestDroppedByDialect(t *testing.T) {
	t.Parallel()
	call, err := Encode(parse(t, mixed), strict{dropped: []string{"verbosity", "seed"}}, provider.NativeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"tools.web_search", "truncation", "text.verbosity", "seed"}; !slices.Equal(call.Dropped, want) {
		t.Errorf("got %q, want %q", call.Dropped, want)
	}
}

func TestOtherErrorsPass(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if _, err := Encode(parse(t, mixed), strict{err: broken}, provider.NativeRequest{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the dialect's error", err)
	}
}

// Names that a client makes up could break out of a header or fill it.
// TestDroppedNamesThatFitAHeader: what is no word, or too long for one, is not
// repeated to the client.
func TestDroppedNamesThatFitAHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kept bool
	}{
		{strings.Repeat("x", 64), true}, {strings.Repeat("x", 65), false}, {"a b", false}, {"a,b", false}, {"a\r\nb", false}, {"", false},
	} {
		e := &encoder{}
		e.drop(tt.name)
		if got := len(e.Dropped) == 1; got != tt.kept {
			t.Errorf("%q: got %q, want it kept: %v", tt.name, e.Dropped, tt.kept)
		}
	}
}

func TestDroppedNamesAreBounded(t *testing.T) {
	t.Parallel()
	body := `{"model":"m","input":"x","reasoning":{"a b":1,"` + string(slices.Repeat([]byte("x"), 70)) + `":1`
	for i := range 30 {
		body += `,"r` + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":1`
	}
	tr, err := ToChat(parse(t, body+`}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Dropped) != maxDropped || tr.Dropped[0] != "reasoning.raa" {
		t.Errorf("got %d names, first %q, want %d, first reasoning.raa", len(tr.Dropped), tr.Dropped[0], maxDropped)
	}
}
