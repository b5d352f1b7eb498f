package chat

import "github.com/tidwall/gjson"

// Document is a body of JSON whose top-level fields were found once: what the
// requests of all APIs have in common. It is immutable and safe for concurrent
// use.
type Document struct {
	// Raw is the body as the client sent it.
	Raw []byte

	fields fields
}

// ParseDocument reads a JSON object. It refuses one that is broken, nested more
// than 256 deep, or names a field twice; the error is always a *ParamError. The
// document keeps body, which must not be modified afterwards.
func ParseDocument(body []byte) (Document, error) {
	doc, err := parseObject(body)
	if err != nil {
		return Document{}, err
	}
	fields, err := topLevel(doc)
	if err != nil {
		return Document{}, err
	}
	return Document{Raw: body, fields: fields}, nil
}

// Get returns a top-level field; its Exists method is false when the client did
// not send it or sent null, which many clients do for what they leave open.
// field is a name, not a gjson path. The result shares memory with Raw.
func (d *Document) Get(field string) gjson.Result {
	v := d.fields.get(field)
	if v.Type == gjson.Null {
		return gjson.Result{}
	}
	return v
}

// Bytes returns the part of Raw that is a top-level field's value; empty when
// Get would find none.
func (d *Document) Bytes(field string) []byte {
	v := d.Get(field)
	return d.Raw[v.Index : v.Index+len(v.Raw)]
}
