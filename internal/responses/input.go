package responses

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// hosted are the items about tools that ran at OpenAI. What they found is kept
// there or stands in the message that follows, so the conversation makes sense
// without them.
var hosted = map[string]bool{
	"web_search_call": true, "file_search_call": true, "code_interpreter_call": true,
	"image_generation_call": true, "mcp_list_tools": true, "mcp_call": true,
	"tool_search_call": true, "tool_search_output": true, "configuration_update": true,
}

// writeMessages turns instructions and input into messages.
func (e *encoder) writeMessages() error {
	e.b = add(next(e.b), `"messages":[`)
	if v := e.req.Get("instructions"); isText(v) {
		e.message("instructions", `"system"`, v.Raw)
	}
	input := e.req.Get("input")
	if isString(input) {
		e.message("input", `"user"`, input.Raw)
	} else if err := e.items(input.Array()); err != nil {
		return err
	}
	if len(e.messages) == 0 {
		return fault("input", "must be a string or a list of items that is not empty")
	}
	e.b = append(e.b, ']')
	return nil
}

// message writes a message that is not the assistant's.
func (e *encoder) message(path, role, content string) {
	e.messages = append(e.messages, path)
	e.b = add(next(e.b), `{"role":`, role, `,"content":`, content, "}")
}

func (e *encoder) items(items []gjson.Result) error {
	latest := lastQuestion(items)
	var t turn
	for i, item := range items {
		path := fmt.Sprintf("input[%d]", i)
		said, err := e.assistantItem(&t, item, path, i > latest)
		if err == nil && !said {
			e.end(&t)
			err = e.otherItem(item, path)
		}
		if err != nil {
			return err
		}
	}
	e.end(&t)
	return nil
}

// lastQuestion is the index of the last message of the user, or -1: what comes
// after it is the turn that is still going on.
func lastQuestion(items []gjson.Result) int {
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].Get("role").Str == "user" {
			return i
		}
	}
	return -1
}

// assistantItem takes in what the model once put out; said is false for items
// that are not of that kind.
func (e *encoder) assistantItem(t *turn, item gjson.Result, path string, current bool) (said bool, err error) {
	switch kind := item.Get("type").Str; {
	case kind == "reasoning":
		if t.hasSpoken() {
			e.end(t)
		}
		t.think(item.Get("encrypted_content"), current)
	case isMessage(item) && item.Get("role").Str == "assistant":
		err = t.say(item.Get("content"), path+".content")
	case kind == "function_call", kind == "custom_tool_call":
		err = t.call(item, path)
	case builtIn[kind] != "":
		err = t.builtInCall(item, path)
	case hosted[kind]:
		e.drop("input." + kind)
		return true, nil
	default:
		return false, nil
	}
	t.begin(path)
	return true, err
}

func isMessage(item gjson.Result) bool {
	kind := item.Get("type").Str
	return kind == "message" || kind == "" && item.Get("role").Exists()
}

// otherItem writes what somebody else than the model said.
func (e *encoder) otherItem(item gjson.Result, path string) error {
	kind := item.Get("type").Str
	switch {
	case isMessage(item):
		return e.spoken(item, path)
	case outputs[kind]:
		return e.output(item, path)
	case kind == "item_reference":
		return fault(path, stateless)
	case kind == "compaction", kind == "compaction_summary", kind == "compaction_trigger":
		return fault(path, "only OpenAI can read or make a compacted conversation; send the items it stands for")
	}
	return fault(path+".type", "%q cannot be sent to this model; leave the item out or say it as a message", kind)
}

// spoken writes a message. A developer's becomes the system's, which every
// provider knows.
func (e *encoder) spoken(item gjson.Result, path string) error {
	role := item.Get("role").Str
	switch role {
	case "user", "system":
	case "developer":
		role = "system"
	default:
		return fault(path+".role", "must be user, assistant, system or developer")
	}
	content, err := contentOf(item.Get("content"), path+".content")
	if err != nil {
		return err
	}
	e.message(path, `"`+role+`"`, content)
	return nil
}
