package responses

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// callItem is a call of a function or a custom tool.
type callItem struct {
	place
	callID    string
	function  string // as the model calls it
	is        tool   // as the client does
	opened    bool
	arguments []byte // as far as they came: raw JSON without quotes
	unwrap    unwrapper
	input     []byte // of a custom tool, like arguments
	whole     []byte // its JSON, once it has ended
}

var _ item = (*callItem)(nil)

// call takes in a piece of a call. A whole call is one piece. position is that
// within the chunk, for servers that do not number calls.
func (r *response) call(piece gjson.Result, position int64) {
	if n := piece.Get("index"); n.Type == gjson.Number {
		position = n.Int()
	}
	id, function := piece.Get("id"), piece.Get("function.name")
	c := r.numbered(position, id.Str)
	if c.whole != nil {
		return // it had all its arguments: more would make nonsense of them
	}
	if c.callID == "" {
		c.callID = strings.Clone(id.Str)
	}
	if c.function == "" {
		c.function = strings.Clone(function.Str)
	}
	news := fragment(piece.Get("function.arguments"))
	c.arguments = append(c.arguments, news...)
	switch {
	case c.opened:
		c.delta(r, news)
	case c.function != "":
		c.open(r)
	}
}

// numbered is the latest call of a number. Another id makes it another call:
// Gemini's compatible endpoint has numbered all of them 0.
func (r *response) numbered(number int64, id string) *callItem {
	c, ok := r.calls[number]
	if ok && (id == "" || c.callID == "" || c.callID == id) {
		return c
	}
	c = &callItem{}
	if r.calls == nil {
		r.calls = make(map[int64]*callItem)
	}
	r.calls[number] = c
	return c
}

// fragment is a piece of arguments as raw JSON without quotes. Some servers send
// the object itself.
func fragment(v gjson.Result) string {
	if !given(v) {
		return ""
	}
	text := asText(v)
	return text[1 : len(text)-1]
}

// open gives the call its place, now that its name is known. A call that never
// gets one never gets a place: nobody could answer it.
func (c *callItem) open(r *response) {
	c.opened = true
	is, ok := r.tools[c.function]
	if !ok {
		is.name = quote(c.function)
	}
	c.is = is
	c.place = r.place(c.prefix(), c)
	if c.callID == "" {
		c.callID = "call_" + r.base + "_" + strconv.Itoa(len(r.items)-1)
	}
	r.added(c.place, string(c.json("in_progress")))
	c.delta(r, string(c.arguments))
}

func (c *callItem) prefix() string {
	if c.is.custom {
		return "ctc_"
	}
	return "fc_"
}

// delta tells of more arguments, raw, of which there may be none.
func (c *callItem) delta(r *response, raw string) {
	if c.is.custom {
		c.inputDelta(r, c.unwrap.feed(decode(raw)))
	} else if raw != "" {
		r.events.write("response.function_call_arguments.delta", c.at, `,"delta":"`, raw, `"`)
	}
}

func (c *callItem) inputDelta(r *response, text string) {
	if text == "" {
		return
	}
	raw := quote(text)
	c.input = append(c.input, raw[1:len(raw)-1]...)
	r.events.write("response.custom_tool_call_input.delta", c.at, `,"delta":`, raw)
}

// settle ends the last call before another item begins, if it has all its
// arguments, so that the client can go about it. One that has not may be one of
// several that come interleaved; it stays open to the end.
func (r *response) settle() {
	if len(r.items) == 0 {
		return
	}
	if c, ok := r.items[len(r.items)-1].(*callItem); ok && c.isWhole() {
		c.close(r, true)
	}
}

func (c *callItem) isWhole() bool {
	text := decode(string(c.arguments))
	return strings.HasPrefix(text, "{") && json.Valid([]byte(text))
}

// close ends the call. If the answer was cut off, the cut may still have come
// after the call.
func (c *callItem) close(r *response, whole bool) {
	if c.whole != nil {
		return
	}
	status := "completed"
	if !whole && !c.isWhole() {
		status = "incomplete"
	}
	if c.is.custom {
		c.inputDelta(r, c.unwrap.end())
		r.events.write("response.custom_tool_call_input.done", c.at, `,"input":"`, string(c.input), `"`)
	} else {
		if len(c.arguments) == 0 && status == "completed" { // clients parse what they get
			c.arguments = append(c.arguments, "{}"...)
			c.delta(r, "{}")
		}
		r.events.write("response.function_call_arguments.done", c.at, `,"name":`, c.is.name,
			`,"arguments":"`, string(c.arguments), `"`)
	}
	c.whole = c.json(status)
	r.done(c.place, c.whole)
}

func (c *callItem) object() []byte { return c.whole }

func (c *callItem) json(status string) []byte {
	kind, field, value := "function_call", "arguments", c.arguments
	if c.is.custom {
		kind, field, value = "custom_tool_call", "input", c.input
	}
	if status == "in_progress" { // what is known so far comes as a delta
		value = nil
	}
	b := add(nil, `{"id":"`, c.id, `","type":"`, kind, `","status":"`, status,
		`","call_id":`, quote(c.callID), `,"name":`, c.is.name)
	if c.is.namespace != "" {
		b = add(b, `,"namespace":`, c.is.namespace)
	}
	return add(b, `,"`, field, `":"`, string(value), `"}`)
}
