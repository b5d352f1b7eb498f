package responses

import (
	"github.com/tidwall/gjson"
)

// turn is an assistant message being put together of the items that the model
// put out in a row. Its members are raw JSON, lists without their brackets.
type turn struct {
	path    string // of its first item; empty before there is one
	content parts
	calls   []byte
	details []byte // thoughts that can be given back as they were
	bare    []byte // the text of those without a signature, without quotes
}

// begin notes where the message comes from.
func (t *turn) begin(path string) {
	if t.path == "" {
		t.path = path
	}
}

// hasSpoken reports whether a thought must begin a message of its own: a message
// shows its thoughts before its text, and the provider wants them in their order.
// Calls are not torn apart for it, since their results must follow at once.
func (t *turn) hasSpoken() bool { return t.content.count > 0 && len(t.calls) == 0 }

// think takes in the thoughts of a reasoning item. Those with a signature are
// given back as they were. Of providers that do not sign some want the text back
// within the tool loop (DeepSeek, Kimi) and refuse or ignore it later, so it is
// kept for the turn that is still going on.
func (t *turn) think(sealed gjson.Result, current bool) {
	details, ok := unseal(sealed)
	if !ok {
		return
	}
	for _, d := range details.Array() {
		switch {
		case isText(d.Get("signature")) || isText(d.Get("data")):
			t.details = add(next(t.details), d.Raw)
		case current && d.Get("type").Raw != partThought:
			t.bare = append(t.bare, inner(d.Get("text"))...)
		}
	}
}

// say takes in the content of a message.
func (t *turn) say(content gjson.Result, path string) error {
	if isString(content) {
		t.content.addText(content.Raw)
		return nil
	}
	return t.content.addAll(content, path)
}

// end writes the message, unless there is none. Thoughts that led to nothing are
// not worth one: providers refuse a message of nothing else.
func (e *encoder) end(t *turn) {
	if t.content.count+len(t.calls) > 0 {
		e.messages = append(e.messages, t.path)
		e.b = add(next(e.b), `{"role":"assistant","content":`, t.content.content("null"))
		if len(t.bare) > 0 && len(t.calls) > 0 {
			e.b = add(e.b, `,"reasoning_content":"`, string(t.bare), `"`)
		}
		e.b = appendList(e.b, "reasoning_details", t.details)
		e.b = append(appendList(e.b, "tool_calls", t.calls), '}')
	}
	*t = turn{}
}

// appendList appends a member that is a list, unless it is empty.
func appendList(dst []byte, name string, list []byte) []byte {
	if len(list) == 0 {
		return dst
	}
	return add(dst, `,"`, name, `":[`, string(list), "]")
}
