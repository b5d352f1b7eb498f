package chat

import (
	"fmt"
	"unsafe"

	"github.com/tidwall/gjson"
)

// Parse reads a request and checks what every dialect relies on: the JSON
// itself, who speaks in messages, and the fields that the gateway acts upon.
// What it does not know it leaves alone, and null means absent, since clients
// send nulls. The error is always a *ParamError.
//
// The request keeps body, which must not be modified afterwards.
func Parse(body []byte) (*Request, error) {
	doc, err := ParseDocument(body)
	if err != nil {
		return nil, err
	}
	r := &Request{Document: doc}
	if err := r.check(); err != nil {
		return nil, err
	}
	r.Model = r.Get("model").Str
	r.Stream = r.Get("stream").Bool()
	r.IncludeUsage = r.Get("stream_options").Get("include_usage").Bool()
	return r, nil
}

func parseObject(body []byte) (gjson.Result, error) {
	// gjson wants a string. A copy would double the memory that a body of 6 MiB
	// takes in a Lambda of 256 MB, and a Request is immutable anyway.
	text := unsafe.String(unsafe.SliceData(body), len(body))
	if err := checkSyntax(text); err != nil {
		return gjson.Result{}, err
	}
	doc := gjson.Parse(text)
	if !doc.IsObject() {
		return gjson.Result{}, &ParamError{Message: "the body must be " + example}
	}
	return doc, nil
}

// maxFields bounds the top-level fields. OpenAI's own specification knows some
// forty; the bound keeps a body of nothing but fields from costing us memory.
const maxFields = 256

// fields are the top-level fields in the order they were sent. Finding one is a
// walk over some fifteen names, which is cheaper than a map to build and to ask.
type fields []field

type field struct {
	name  string
	value gjson.Result // Index is the value's place in the body
}

func (f fields) get(name string) gjson.Result {
	for i := range f {
		if f[i].name == name {
			return f[i].value
		}
	}
	return gjson.Result{}
}

// topLevel refuses a field sent twice: readers differ in which one they take, so
// the gateway might route by one "model" and the provider answer for another.
func topLevel(doc gjson.Result) (found fields, err error) {
	found = make(fields, 0, 16)
	doc.ForEach(func(key, value gjson.Result) bool {
		switch {
		case len(found) == maxFields:
			err = &ParamError{Message: fmt.Sprintf("the body has more than %d top-level fields", maxFields)}
		case found.get(key.Str).Exists():
			err = &ParamError{Param: shorten(key.Str), Message: "is given twice; send it once"}
		}
		found = append(found, field{key.Str, value})
		return err == nil
	})
	return found, err
}

// shorten keeps what a client sent from filling our error text.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
