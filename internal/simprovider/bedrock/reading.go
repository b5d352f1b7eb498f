package bedrock

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
)

// reading makes a Messages body of a request of Converse's, as strictly as AWS
// reads it. The first fault is kept.
type reading struct {
	tools []gjson.Result
	bad   *exception
}

func (r *reading) must(ok bool, message string) {
	if !ok && r.bad == nil {
		r.bad = invalid(message)
	}
}

func (r *reading) fields(doc gjson.Result) {
	doc.ForEach(func(name, _ gjson.Result) bool {
		r.must(known[name.Str], "Malformed input request: #: extraneous key ["+name.Str+"] is not permitted, please reformat your input and try again.")
		return true
	})
}

// messages checks the order of turns, which Converse minds more than Messages.
func (r *reading) messages(list gjson.Result) []object {
	var out []object
	last := "assistant"
	for _, m := range list.Array() {
		role := m.Get("role").Str
		r.must(role == "user" || role == "assistant", "Value '"+role+"' at 'messages.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]")
		r.must(len(out) > 0 || role == "user", "A conversation must start with a user message. Try again with a conversation that starts with a user message.")
		r.must(len(out) == 0 || role != last, "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		last = role
		r.must(len(m.Get("content").Array()) > 0, "The content field in the Message object is empty. Add a ContentBlock object to the content field and try again.")
		r.document(m.Get("content"))
		out = append(out, object{"role": role, "content": r.blocks(m.Get("content"))})
	}
	r.must(len(out) > 0, "The messages field is empty.")
	return out
}

// document refuses a document without words beside it.
func (r *reading) document(content gjson.Result) {
	has := func(name string) bool {
		for _, b := range content.Array() {
			if b.Get(name).Exists() {
				return true
			}
		}
		return false
	}
	r.must(!has("document") || has("text"), "A text content block is required beside a document.")
}

// blocks reads content. A cache point marks the block before it.
func (r *reading) blocks(content gjson.Result) []object {
	out := []object{}
	for _, b := range content.Array() {
		if point := b.Get("cachePoint"); point.Exists() {
			r.must(len(out) > 0, "A cachePoint must follow a block.")
			if len(out) > 0 {
				out[len(out)-1]["cache_control"] = object{"type": "ephemeral"}
			}
			continue
		}
		out = append(out, r.block(b))
	}
	return out
}

func (r *reading) block(b gjson.Result) object {
	keys := b.Get("@keys").Array()
	r.must(len(keys) == 1, "A content block must have exactly one member.")
	if len(keys) == 0 {
		return object{}
	}
	v := b.Get(keys[0].Str)
	switch kind := keys[0].Str; kind {
	case "text":
		r.must(strings.TrimSpace(v.Str) != "", "The text field in the ContentBlock object is blank. Add text to the text field, and try again.")
		return object{"type": "text", "text": v.Str}
	case "image", "document":
		return r.media(kind, v)
	case "toolUse":
		r.must(len(r.tools) > 0, "The toolConfig field must be defined when using toolUse and toolResult content blocks.")
		return object{"type": "tool_use", "id": v.Get("toolUseId").Str, "name": v.Get("name").Str, "input": rawOf(v.Get("input"))}
	case "toolResult":
		return r.toolResult(v)
	case "reasoningContent":
		return reasoning(v)
	default:
		r.must(false, "The content block type "+kind+" is not supported.")
		return object{}
	}
}

// mediaTypes are the formats that Messages has too.
var mediaTypes = map[string]string{
	"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "pdf": "application/pdf",
}

func (r *reading) media(kind string, v gjson.Result) object {
	format := v.Get("format").Str
	r.must(kind != "document" || v.Get("name").Str != "", "The document needs a name.")
	if format == "txt" {
		return object{"type": "text", "text": "a text file"}
	}
	r.must(mediaTypes[format] != "", "The format "+format+" is not supported.")
	return object{"type": kind, "source": object{"type": "base64", "media_type": mediaTypes[format], "data": v.Get("source.bytes").Str}}
}

func (r *reading) toolResult(v gjson.Result) object {
	out := object{"type": "tool_result", "tool_use_id": v.Get("toolUseId").Str, "content": r.blocks(v.Get("content"))}
	if v.Get("status").Str == "error" {
		out["is_error"] = true
	}
	return out
}

func reasoning(v gjson.Result) object {
	if data := v.Get("redactedContent"); data.Exists() {
		return object{"type": "redacted_thinking", "data": data.Str}
	}
	text := v.Get("reasoningText")
	return object{"type": "thinking", "thinking": text.Get("text").Str, "signature": text.Get("signature").Str}
}

func (r *reading) inference(out object, config gjson.Result) {
	for _, name := range [...][2]string{
		{"maxTokens", "max_tokens"}, {"temperature", "temperature"}, {"topP", "top_p"}, {"stopSequences", "stop_sequences"},
	} {
		if v := config.Get(name[0]); v.Exists() {
			out[name[1]] = rawOf(v)
		}
	}
	r.must(config.Get("temperature").Num <= 1, "Value at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1")
}

func (r *reading) toolConfig(out object, config gjson.Result) {
	if !config.Exists() {
		return
	}
	r.must(len(r.tools) > 0, "Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
	tools := []object{}
	for _, t := range r.tools {
		if spec := t.Get("toolSpec"); spec.Exists() {
			tools = append(tools, object{
				"name": spec.Get("name").Str, "description": spec.Get("description").Str,
				"input_schema": rawOf(spec.Get("inputSchema.json")),
			})
		}
	}
	out["tools"] = tools
	switch choice := config.Get("toolChoice"); {
	case choice.Get("any").Exists():
		out["tool_choice"] = object{"type": "any"}
	case choice.Get("tool").Exists():
		out["tool_choice"] = object{"type": "tool", "name": choice.Get("tool.name").Str}
	}
}

func rawOf(v gjson.Result) json.RawMessage {
	if !v.Exists() {
		return json.RawMessage("null")
	}
	return json.RawMessage(v.Raw)
}
