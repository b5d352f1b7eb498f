package transcript

import (
	"strings"

	"github.com/fallow-dev/fallow/internal/redact"
)

// Prompt is what a request says: the last most bytes of it, because the newest
// turn stands there and what precedes it was logged before. cut is how many bytes
// of text are left out. A body that is not JSON, such as a form with a recording,
// says nothing.
func Prompt(body []byte, most int) (e redact.Excerpt, cut int) {
	kept := tail{keep: most + redact.Margin}
	w := walker{write: kept.add, roles: true}
	w.document(body, asked)
	return kept.excerpt(most)
}

// Whole is what a complete answer says: the first most bytes of it. kind is its
// media type; empty means JSON. What is neither JSON nor text says nothing.
func Whole(kind string, body []byte, most int) (e redact.Excerpt, cut int) {
	kept := head{room: most + redact.Margin}
	switch {
	case kind == "" || strings.HasPrefix(kind, "application/json"):
		w := walker{write: kept.add}
		w.document(body, answered)
	case strings.HasPrefix(kind, "text/"):
		kept.add(string(body[:min(len(body), kept.room+1)]))
		kept.seen = len(body)
	}
	return kept.excerpt(most)
}

// tail keeps the end of what is added.
type tail struct {
	keep int
	text []byte
	seen int
}

func (t *tail) add(text string) {
	t.seen += len(text)
	text = text[max(0, len(text)-t.keep):]
	t.text = append(t.text, text...)
	if len(t.text) > 2*t.keep { // not at every addition: that would copy all of it each time
		t.text = append(t.text[:0], t.text[len(t.text)-t.keep:]...)
	}
}

func (t *tail) excerpt(most int) (e redact.Excerpt, cut int) {
	text := string(t.text[max(0, len(t.text)-t.keep):])
	from := max(0, len(text)-most)
	return redact.Excerpt{Text: text, From: from, To: len(text)}, t.seen - (len(text) - from)
}

// head keeps the beginning of what is added.
type head struct {
	room int
	text []byte
	seen int
}

func (h *head) add(text string) {
	h.seen += len(text)
	h.text = append(h.text, text[:min(len(text), max(0, h.room-len(h.text)))]...)
}

func (h *head) excerpt(most int) (e redact.Excerpt, cut int) {
	to := min(len(h.text), most)
	return redact.Excerpt{Text: string(h.text), To: to}, h.seen - to
}
