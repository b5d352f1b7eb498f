package messages

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// spoken gathers the blocks of an assistant message by what they become.
type spoken struct {
	calls   []byte // items of tool_calls
	details []byte // items of reasoning_details
	plain   []byte // raw text of the reasoning that is not Claude's
	field   string // where that goes
	count   int    // thinking blocks of Claude's
}

// writeAssistant writes an assistant message.
func (t *translation) writeAssistant(content gjson.Result, at string) error {
	var s spoken
	var failure error
	n := -1
	pieces, err := t.pieces(content, at, func(b contentBlock) bool {
		n++
		switch b.kind {
		case "text", "compaction":
			return false
		case "thinking", "redacted_thinking":
			t.think(&s, b.Result)
		case "tool_use":
			if err := t.call(&s, b.Result, fmt.Sprintf("%s[%d]", at, n)); err != nil && failure == nil {
				failure = err
			}
		default:
			// What a server tool did is of use to its provider only.
			t.drop(b.kind)
		}
		return true
	})
	if err != nil || failure != nil {
		return firstOf(failure, err)
	}
	t.b = append(next(t.b), `{"role":"assistant","content":`...)
	if len(pieces) == 0 && s.calls != nil {
		t.b = append(t.b, "null"...)
	} else {
		t.b = appendContent(t.b, pieces, "", t.opt.Extended)
	}
	if s.plain != nil {
		t.b = append(append(append(t.b, `,"`...), s.field...), `":"`...)
		t.b = append(append(t.b, s.plain...), '"')
	}
	t.b = appendList(t.b, "reasoning_details", s.details)
	t.b = appendList(t.b, "tool_calls", s.calls)
	t.b = append(t.b, '}')
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// appendList writes a list unless it is empty, which OpenAI refuses.
func appendList(dst []byte, name string, items []byte) []byte {
	if len(items) == 0 {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":[`...)
	return append(append(dst, items...), ']')
}

// think takes a thinking block. Claude's goes only to a dialect that can hand it
// to Claude; another's not to OpenAI, whose models show none and whose servers
// refuse the field: a conversation gets there when its own provider has failed.
func (t *translation) think(s *spoken, b gjson.Result) {
	field, foreign := origin(b)
	switch {
	case foreign && field != "" && !t.is.openAI():
		s.field = field
		s.plain = append(s.plain, inner(b.Get("thinking"))...)
		return
	case foreign, !t.opt.Extended:
		t.drop("thinking_blocks")
		return
	}
	s.details = next(s.details)
	if b.Get("type").Str == "redacted_thinking" {
		s.details = append(append(s.details, `{"type":"reasoning.encrypted","data":`...), rawString(b.Get("data"))...)
	} else {
		s.details = append(append(s.details, `{"type":"reasoning.text","text":`...), rawString(b.Get("thinking"))...)
		s.details = append(append(s.details, `,"signature":`...), rawString(b.Get("signature"))...)
	}
	s.details = fmt.Appendf(s.details, `,"index":%d}`, s.count)
	s.count++
}

func (t *translation) call(s *spoken, b gjson.Result, at string) error {
	id, name, input := b.Get("id"), b.Get("name"), b.Get("input")
	if id.Str == "" || name.Str == "" {
		return fault(at, "a tool_use block must have an id and a name")
	}
	arguments := "{}"
	if given(input) {
		arguments = strings.TrimSpace(input.Raw)
	}
	s.calls = append(append(next(s.calls), `{"id":`...), upstreamID(id)...)
	s.calls = append(s.calls, `,"type":"function","function":{"name":`...)
	s.calls = appendString(s.calls, toolName(name.Str))
	s.calls = appendQuoted(append(s.calls, `,"arguments":`...), arguments)
	s.calls = append(t.appendMark(append(s.calls, '}'), b.Get("cache_control")), '}')
	return nil
}
