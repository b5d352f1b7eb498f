package estimate

// Body is a request whose top-level fields can be asked for as they stand in it:
// a *chat.Request, or one of another API.
type Body interface {
	// Bytes returns a field's value as JSON, empty if the request has none.
	Bytes(field string) []byte
}

// Measure sizes a request in one pass over what the model will read. It copies
// no text, allocates nothing and takes time in proportion to the body at most: of
// an image it decodes the first 64 KiB, of a PDF also the last.
//
// The formula is that of the target, so a request that falls over to a target of
// another make is measured again. To keep a list of its pictures instead would
// cost every request memory to save a few of them some microseconds.
//
// It knows the fields of Chat Completions and of Anthropic's Messages, which mean
// the same where both have them.
func Measure(req Body, f Formula) Size {
	m := meter{formula: f}
	for _, field := range [...]string{"tools", "functions"} {
		m.over(req, field)
		if list := m.cursor; list.more(']') {
			m.json(m.raw())
			m.size.Fixed += f.Tools
		}
	}
	for _, field := range [...]string{"response_format", "output_config"} {
		m.over(req, field)
		m.json(m.raw())
	}
	m.over(req, "system")
	m.value()
	m.over(req, "messages")
	if m.peek() == '"' { // as the Responses API takes a single message
		m.size.Fixed += f.Message
		m.value()
	}
	for m.more(']') {
		m.size.Fixed += f.Message
		m.value()
	}
	return m.size
}

// meter adds up a Size on its way through the document.
type meter struct {
	cursor
	formula Formula
	size    Size
}

// over puts the cursor on a field of the request, or at an end if there is none.
func (m *meter) over(req Body, field string) {
	m.cursor = cursor{doc: req.Bytes(field)}
}

// value measures whatever comes next within a message. What is not known counts
// as text: fields are added every few months, and to leave them out would let a
// client send a long prompt that weighs nothing.
func (m *meter) value() {
	switch m.peek() {
	case '"':
		m.text(m.str())
	case '{':
		for m.more('}') {
			m.member(m.name())
		}
	case '[':
		for m.more(']') {
			m.value()
		}
	default:
		m.skip()
	}
}

// member measures a member of a message or of one of its parts.
func (m *meter) member(name []byte) {
	switch string(name) {
	case "tool_calls", "function_call", "input":
		m.json(m.raw())
	case "image_url":
		m.image()
	case "file":
		m.file()
	case "source":
		m.source()
	case "input_audio":
		m.audio()
	case "role", "type", "id", "tool_call_id", "tool_use_id", "format", "index",
		"cache_control", "prompt_cache_breakpoint":
		m.skip() // the model does not read them, or Formula.Message counts them
	case "reasoning", "reasoning_content", "signature", "data":
		m.skip() // thoughts count once, where they stand with their signature
	default:
		m.value()
	}
}

func (m *meter) text(text []byte) {
	ascii, wide := tally(text)
	m.size.Text += ascii
	m.size.Wide += wide
}

func (m *meter) json(raw []byte) {
	ascii, wide := tally(raw)
	m.size.JSON += ascii
	m.size.Wide += wide
}
