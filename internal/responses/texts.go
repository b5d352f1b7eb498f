package responses

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// part is a kind of text that items are made of, with the words its events use.
// They all have the same life: added, deltas, done.
type part struct {
	kind, field, index              string
	opened, delta, finished, closed string
}

var (
	outputText = &part{"output_text", "text", "content_index", "response.content_part.added",
		"response.output_text.delta", "response.output_text.done", "response.content_part.done"}
	refusal = &part{"refusal", "refusal", "content_index", "response.content_part.added",
		"response.refusal.delta", "response.refusal.done", "response.content_part.done"}
	reasoningText = &part{"reasoning_text", "text", "content_index", "response.content_part.added",
		"response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done"}
	summaryText = &part{"summary_text", "text", "summary_index", "response.reasoning_summary_part.added",
		"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "response.reasoning_summary_part.done"}
)

// The kinds of items that are made of texts, with the prefix of their ids.
const (
	message   = "msg_"
	reasoning = "rs_"
)

// textItem is a message or a reasoning item.
type textItem struct {
	place
	kind  string
	shown *part  // what a reasoning item is made of
	parts []byte // those that have ended, comma-separated
	count int
	whole []byte // its JSON, once it has ended

	part                        *part // that is open; nil if none
	at                          string
	text, annotations, logprobs []byte // of it: raw, without quotes and brackets
	notes                       int    // annotations

	thoughts thoughts
}

var _ item = (*textItem)(nil)

// item returns the open item of a kind, or opens one.
func (r *response) item(kind string) *textItem {
	if r.text != nil && r.text.kind == kind {
		return r.text
	}
	t := &textItem{kind: kind, shown: r.shown()}
	t.place = r.place(kind, t)
	r.text = t
	r.added(t.place, string(t.json("in_progress")))
	return t
}

func (r *response) closeText() {
	if r.text != nil {
		r.text.close(r, true)
		r.text = nil
	}
}

// say appends to the last text if it is of that kind, and else begins one. raw is
// a JSON string.
func (r *response) say(kind string, p *part, raw string, logprobs gjson.Result) {
	t := r.item(kind)
	t.open(r, p)
	t.text = append(t.text, raw[1:len(raw)-1]...)
	if p != outputText {
		r.events.write(p.delta, t.at, `,"delta":`, raw)
		return
	}
	tokens := "[]"
	if logprobs.IsArray() && !isEmpty(logprobs) {
		tokens = logprobs.Raw
		t.logprobs = add(next(t.logprobs), tokens[1:len(tokens)-1])
	}
	r.events.write(p.delta, t.at, `,"delta":`, raw, `,"logprobs":`, tokens)
}

// open begins a part unless it is one of the same kind that is open.
func (t *textItem) open(r *response, p *part) {
	if t.part == p {
		return
	}
	t.closePart(r)
	t.part = p
	t.at = t.place.at + `,"` + p.index + `":` + strconv.Itoa(t.count)
	t.count++
	r.events.write(p.opened, t.at, `,"part":`, string(t.partJSON()))
}

func (t *textItem) closePart(r *response) {
	if t.part == nil {
		return
	}
	p, whole := t.part, string(t.partJSON())
	text := []string{t.at, `,"`, p.field, `":"`, string(t.text), `"`}
	if p == outputText {
		text = append(text, `,"logprobs":[`, string(t.logprobs), "]")
	}
	r.events.write(p.finished, text...)
	r.events.write(p.closed, t.at, `,"part":`, whole)
	t.parts = add(next(t.parts), whole)
	t.part, t.text, t.annotations, t.logprobs, t.notes = nil, t.text[:0], t.annotations[:0], t.logprobs[:0], 0
}

func (t *textItem) partJSON() []byte {
	b := add(nil, `{"type":"`, t.part.kind, `","`, t.part.field, `":"`, string(t.text), `"`)
	if t.part == outputText {
		b = add(b, `,"annotations":[`, string(t.annotations), `],"logprobs":[`, string(t.logprobs), "]")
	}
	return append(b, '}')
}

func (t *textItem) close(r *response, whole bool) {
	if t.whole != nil {
		return
	}
	t.closePart(r)
	status := "completed"
	if !whole {
		status = "incomplete"
	}
	t.whole = t.json(status)
	r.done(t.place, t.whole)
}

func (t *textItem) object() []byte { return t.whole }

// json is the item. What a reasoning item shows is its summary or its content,
// never both; it has a summary in any case.
func (t *textItem) json(status string) []byte {
	parts := string(t.parts)
	if t.kind == message {
		return add(nil, `{"id":"`, t.id, `","type":"message","status":"`, status, `","role":"assistant","content":[`, parts, "]}")
	}
	b := add(nil, `{"id":"`, t.id, `","type":"reasoning","status":"`, status, `","summary":[`)
	if t.shown == summaryText {
		b = add(b, parts, "]")
	} else {
		b = add(b, `],"content":[`, parts, "]")
	}
	if len(t.thoughts.list) > 0 {
		b = add(b, `,"encrypted_content":`, t.thoughts.seal())
	}
	return append(b, '}')
}

// annotate notes the pages that a text cites, which stand one level deeper in
// Chat Completions.
func (r *response) annotate(list gjson.Result) {
	if r.text == nil || r.text.part != outputText {
		return
	}
	t := r.text
	list.ForEach(func(_, v gjson.Result) bool {
		cited := v.Get("url_citation")
		if !cited.IsObject() || isEmpty(cited) {
			return true
		}
		note := `{"type":"url_citation",` + cited.Raw[1:]
		r.events.write("response.output_text.annotation.added", t.at,
			`,"annotation_index":`, strconv.Itoa(t.notes), `,"annotation":`, note)
		t.annotations = add(next(t.annotations), note)
		t.notes++
		return true
	})
}

// think takes in reasoning, by whichever of the names it comes: that of DeepSeek,
// or that of OpenRouter. A client that asked for a summary gets it as one, since
// that is what it shows; any other as the text it is.
func (r *response) think(news gjson.Result) {
	text := news.Get("reasoning_content")
	if !isText(text) {
		text = news.Get("reasoning")
	}
	detailed := false
	news.Get("reasoning_details").ForEach(func(_, d gjson.Result) bool {
		if isText(d.Get("text")) || isText(d.Get("signature")) || isText(d.Get("data")) {
			r.item(reasoning).thoughts.add(d)
		}
		detailed = detailed || isText(d.Get("text"))
		return true
	})
	if !isText(text) {
		return
	}
	if !detailed {
		r.item(reasoning).thoughts.addText(plainThought, inner(text))
	}
	r.say(reasoning, r.shown(), text.Raw, gjson.Result{})
}

// content takes in the content of an answer: a text, or a list of parts as
// Mistral's thinking models have it, in which thoughts stand beside the text.
func (r *response) content(v, logprobs gjson.Result) {
	if isText(v) {
		r.say(message, outputText, v.Raw, logprobs)
	}
	if !v.IsArray() {
		return
	}
	v.ForEach(func(_, part gjson.Result) bool {
		if text := part.Get("text"); isText(text) {
			r.say(message, outputText, text.Raw, gjson.Result{})
		}
		part.Get("thinking").ForEach(func(_, piece gjson.Result) bool {
			if text := piece.Get("text"); isText(text) {
				r.item(reasoning).thoughts.addText(partThought, inner(text))
				r.say(reasoning, r.shown(), text.Raw, gjson.Result{})
			}
			return true
		})
		return true
	})
}

func (r *response) shown() *part {
	asked := r.req.Get("reasoning")
	if given(asked.Get("summary")) || given(asked.Get("generate_summary")) {
		return summaryText
	}
	return reasoningText
}
