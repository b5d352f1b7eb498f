package responses

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
)

// thoughtsPrefix says who made an encrypted_content, what it is, and in which
// version of the form that the package's documentation describes.
const thoughtsPrefix = "fallow.reasoning.v1."

// thoughts gathers the reasoning_details of one reasoning item. A stream sends
// them in pieces: texts in several, the signature last.
type thoughts struct{ list []detail }

// detail is one of them, as raw JSON: its text without quotes.
type detail struct {
	kind  string
	index int64
	text  []byte
	fixed [len(fixedMembers)]string // empty where it has none
}

// fixedMembers come whole. The first two are what makes a provider accept the
// thought again.
var fixedMembers = [...]string{"signature", "data", "id", "format"}

func (d *detail) sealed() bool { return d.fixed[0] != "" || d.fixed[1] != "" }

// add takes in a piece. Pieces belong together while type and index are the same
// and no signature has closed the thought.
func (t *thoughts) add(piece gjson.Result) {
	kind, index := rawString(piece.Get("type")), piece.Get("index").Int()
	text, data := inner(piece.Get("text")), piece.Get("data")
	n := len(t.list)
	if n == 0 || t.list[n-1].kind != kind || t.list[n-1].index != index ||
		t.list[n-1].sealed() && (text != "" || isText(data)) {
		t.list = append(t.list, detail{kind: strings.Clone(kind), index: index})
		n++
	}
	d := &t.list[n-1]
	d.text = append(d.text, text...)
	for i, name := range fixedMembers {
		if v := piece.Get(name); isText(v) {
			d.fixed[i] = strings.Clone(v.Raw)
		}
	}
}

// plainThought is the type of a thought whose provider knows no details.
const plainThought = `"reasoning.text"`

// partThought is the type of a thought that was a part of the content. There is
// no field to give it back in: the servers that write such parts refuse
// reasoning_content.
const partThought = `"thinking"`

// addText takes in a text that came without details, as a thought of a type.
func (t *thoughts) addText(kind, raw string) {
	if len(t.list) == 0 {
		t.list = append(t.list, detail{kind: kind})
	}
	d := &t.list[len(t.list)-1]
	d.text = append(d.text, raw...)
}

// seal is the thoughts as an encrypted_content, raw JSON.
func (t *thoughts) seal() string {
	b := []byte{'['}
	for i := range t.list {
		d := &t.list[i]
		b = add(next(b), `{"type":`, d.kind, `,"text":"`, string(d.text), `"`)
		for i, name := range fixedMembers {
			if d.fixed[i] != "" {
				b = add(b, `,"`, name, `":`, d.fixed[i])
			}
		}
		b = append(b, '}')
	}
	return `"` + thoughtsPrefix + base64.RawURLEncoding.EncodeToString(append(b, ']')) + `"`
}

// unseal reads an encrypted_content. ok is false if it is not ours or was
// damaged; it is then left out like a foreign one, since the model can do
// without a thought but not with half of one.
func unseal(sealed gjson.Result) (details gjson.Result, ok bool) {
	text, ok := strings.CutPrefix(sealed.Str, thoughtsPrefix)
	if !ok {
		return details, false
	}
	list, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !json.Valid(list) { // the client's: checked by nobody so far
		return details, false
	}
	details = gjson.ParseBytes(list)
	return details, details.IsArray()
}
