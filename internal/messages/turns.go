package messages

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// writeMessages writes the system prompt and the conversation.
func (t *translation) writeMessages() error {
	t.key("messages")
	t.b = append(t.b, '[')
	if err := t.writeSystem(t.get("system"), "system"); err != nil {
		return err
	}
	all := t.get("messages").Array()
	for i, m := range all {
		if err := t.writeMessage(m, fmt.Sprintf("messages[%d]", i)); err != nil {
			return err
		}
	}
	t.b = append(t.b, ']')
	// Servers differ in whether they continue it or begin anew, so the client
	// could not know what it got. A dialect of our own decides by the model.
	if last := len(all) - 1; !t.opt.Extended && all[last].Get("role").Str == "assistant" {
		return fault(fmt.Sprintf("messages[%d]", last), "this model's provider does not continue an assistant message; end with a user message")
	}
	return nil
}

func (t *translation) writeMessage(m gjson.Result, at string) error {
	content := contentOf(m)
	switch m.Get("role").Str {
	case "system":
		return t.writeSystem(content, at+".content")
	case "assistant":
		return t.writeAssistant(content, at+".content")
	default:
		return t.writeUser(content, at+".content")
	}
}

// contentOf finds the content without decoding it.
func contentOf(message gjson.Result) gjson.Result {
	for name, value := range chat.Members(message.Raw) {
		if name == "content" {
			return undecoded(value)
		}
	}
	return message.Get("content") // its name was written with escapes
}

// writeSystem writes a system prompt as one message: several at the front are
// refused by the templates of some models.
func (t *translation) writeSystem(content gjson.Result, at string) error {
	if !content.Exists() {
		return nil
	}
	pieces, err := t.pieces(content, at, func(b contentBlock) bool { return isAttribution(b.Result) })
	if err != nil || len(pieces) == 0 {
		return err
	}
	t.b = append(next(t.b), `{"role":"system","content":`...)
	t.b = append(appendContent(t.b, pieces, paragraph, t.opt.Extended), '}')
	return nil
}

// writeUser writes the results of tools first, each a message of its own: they
// must follow the calls at once.
func (t *translation) writeUser(content gjson.Result, at string) error {
	var results []result
	n := -1
	pieces, err := t.pieces(content, at, func(b contentBlock) bool {
		n++
		if b.kind == "tool_result" {
			results = append(results, result{b, fmt.Sprintf("%s[%d]", at, n)})
		}
		return b.kind == "tool_result"
	})
	if err != nil {
		return err
	}
	var shown []piece // what results hold beside text
	for _, r := range results {
		late, err := t.writeResult(r)
		if err != nil {
			return err
		}
		shown = append(shown, late...)
	}
	pieces = append(shown, pieces...)
	if len(pieces) == 0 && len(results) > 0 {
		return nil
	}
	t.b = append(next(t.b), `{"role":"user","content":`...)
	t.b = append(appendContent(t.b, pieces, paragraph, t.opt.Extended), '}')
	return nil
}

// result is a tool_result block and its path.
type result struct {
	contentBlock
	at string
}

// writeResult writes a tool's result. Chat Completions has only text there, so
// images and files are returned, to be shown in the user message that follows.
func (t *translation) writeResult(r result) (late []piece, err error) {
	id, content := upstreamID(r.Get("tool_use_id")), r.content
	if given(content) && !isString(content) && !content.IsArray() {
		return nil, fault(r.at+".content", "must be a string or a list of content blocks")
	}
	pieces, err := t.pieces(content, r.at+".content", nil)
	if err != nil {
		return nil, err
	}
	failed := r.isError.Type == gjson.True
	if !t.opt.Extended {
		pieces, late = apart(pieces, id)
		if failed && !speaksOfError(pieces) {
			pieces = append([]piece{textPiece("Error:")}, pieces...)
		}
	}
	t.b = append(append(next(t.b), `{"role":"tool","tool_call_id":`...), id...)
	t.b = appendContent(append(t.b, `,"content":`...), pieces, paragraph, t.opt.Extended)
	if t.opt.Extended && failed {
		t.b = append(t.b, `,"is_error":true`...)
	}
	t.b = append(t.appendMark(t.b, r.mark), '}')
	return late, nil
}

// apart separates texts from what must be shown elsewhere, and says where.
func apart(pieces []piece, id string) (texts, late []piece) {
	for _, p := range pieces {
		if p.kind == "text" {
			texts = append(texts, p)
			continue
		}
		if late == nil {
			texts = append(texts, textPiece("(shown in the next message)"))
			late = append(late, textPiece("Shown by tool call "+id[1:len(id)-1]+":"))
		}
		late = append(late, p)
	}
	return texts, late
}

// speaksOfError reports whether a result says itself that it is a failure, as
// those of most agents do.
func speaksOfError(texts []piece) bool {
	const most = 64
	return len(texts) > 0 && strings.Contains(strings.ToLower(texts[0].data[:min(len(texts[0].data), most)]), "error")
}
