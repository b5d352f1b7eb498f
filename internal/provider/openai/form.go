package openai

import (
	"bufio"
	"bytes"
	"mime"
	"net/textproto"
	"strings"
)

// form is a multipart/form-data body, cut into its parts without a copy. The
// standard library reads such bodies but does not tell where a part stands, and
// to write 25 MB of audio anew for the sake of a name would cost as much memory.
type form struct {
	body  []byte
	parts []part
	// first is where the first part begins with its delimiter, and delimiter the
	// line that it begins with.
	first     int
	delimiter string
}

// part is one field. Its value is body[at:end].
type part struct {
	name    string
	at, end int
}

// maxParts bounds the fields of a form; OpenAI's specification knows some ten.
const maxParts = 256

// readForm returns false for what is no form, and for one whose parts it cannot
// tell apart for sure: a form that two readers understand differently could ask
// for another model than the one it was routed by.
func readForm(body []byte, contentType string) (*form, bool) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, false
	}
	dash := "--" + params["boundary"]
	start := 0
	if !bytes.HasPrefix(body, []byte(dash)) { // a preamble
		i := bytes.Index(body, []byte("\r\n"+dash))
		if i < 0 {
			return nil, false
		}
		start = i + 2
	}
	f := &form{body: body, first: start, delimiter: dash + "\r\n"}
	return f, f.cut(start+len(dash), "\r\n"+dash)
}

// cut finds the parts. at is the place behind the first delimiter; what follows
// one is "--" at the end and a line break else.
func (f *form) cut(at int, delimiter string) bool {
	for len(f.parts) < maxParts {
		rest := f.body[at:]
		if bytes.HasPrefix(rest, []byte("--")) {
			return len(f.parts) > 0
		}
		end := bytes.Index(rest, []byte(delimiter))
		if end < 0 || !bytes.HasPrefix(rest, []byte("\r\n")) {
			return false
		}
		p, ok := readPart(rest[2:end])
		if !ok {
			return false
		}
		p.at, p.end = p.at+at+2, at+end
		f.parts = append(f.parts, p)
		at += end + len(delimiter)
	}
	return false
}

// readPart reads the header of a part, whose value begins at part.at.
func readPart(text []byte) (part, bool) {
	end := bytes.Index(text, []byte("\r\n\r\n"))
	if end < 0 {
		return part{}, false
	}
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(text[:end+4]))).ReadMIMEHeader()
	if err != nil || len(header.Values("Content-Disposition")) != 1 {
		return part{}, false
	}
	_, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	return part{name: params["name"], at: end + 4}, err == nil && params["name"] != ""
}

// value is that of the first field of a name; empty when there is none.
func (f *form) value(name string) string {
	for _, p := range f.parts {
		if p.name == name {
			return strings.TrimSpace(string(f.body[p.at:p.end]))
		}
	}
	return ""
}

// withModel replaces the field "model", each of them if there are more, or puts
// one in front if there is none. Every byte else stays. A model with a line break
// would forge a part; no upstream model of a valid config has one.
func (f *form) withModel(model string) []byte {
	if model == "" {
		return f.body
	}
	var edits []edit
	for _, p := range f.parts {
		if p.name == "model" {
			edits = append(edits, edit{p.at, p.end, model})
		}
	}
	if len(edits) == 0 {
		field := f.delimiter + "Content-Disposition: form-data; name=\"model\"\r\n\r\n" + model + "\r\n"
		edits = append(edits, edit{f.first, f.first, field})
	}
	return apply(f.body, edits)
}
