package openai

import (
	"bytes"
	"unsafe"

	"github.com/tidwall/gjson"
)

// edit replaces body[at:end] by text.
type edit struct {
	at, end int
	text    string
}

// apply makes edits that do not overlap and stand in the order of their places.
// Without any it returns body itself.
func apply(body []byte, edits []edit) []byte {
	if len(edits) == 0 {
		return body
	}
	size, done := len(body), 0
	for _, e := range edits {
		size += len(e.text)
	}
	out := make([]byte, 0, size)
	for _, e := range edits {
		out = append(append(out, body[done:e.at]...), e.text...)
		done = e.end
	}
	return append(out, body[done:]...)
}

// parse reads body without the copy that gjson makes of bytes: the largest bodies
// come here, and the result does not outlive the call.
func parse(body []byte) gjson.Result {
	return gjson.Parse(unsafe.String(unsafe.SliceData(body), len(body)))
}

// withModel replaces the model in a JSON object, or puts one in if there is
// none: it is optional in some APIs, and the config decides. Every byte else
// stays. If model is sent more than once each is replaced, since readers differ
// in which one they take.
func withModel(body []byte, model string) []byte {
	doc, name := parse(body), string(gjson.AppendJSONString(nil, model))
	if model == "" || !doc.IsObject() {
		return body
	}
	var edits []edit
	empty := true
	doc.ForEach(func(key, value gjson.Result) bool {
		empty = false
		if key.Str == "model" {
			edits = append(edits, edit{value.Index, value.Index + len(value.Raw), name})
		}
		return true
	})
	if len(edits) == 0 {
		field := `"model":` + name
		if !empty {
			field += ","
		}
		at := bytes.IndexByte(body, '{') + 1
		edits = append(edits, edit{at, at, field})
	}
	return apply(body, edits)
}
