package peerconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The bounds of a peer's document. Those of YAML are narrower because its
// parser's time grows with the square of the size.
const (
	maxJSON  = 1 << 20
	maxYAML  = 256 << 10
	maxDepth = 64
)

var errTooDeep = fmt.Errorf("the document is nested deeper than %d levels", maxDepth)

// parseJSON reads one JSON value token by token: the order of an object's keys
// is the order of the report, and a map would lose it.
func parseJSON(data []byte) (*value, error) {
	if len(data) > maxJSON {
		return nil, fmt.Errorf("the document is larger than %d KiB", maxJSON>>10)
	}
	p := jsonParser{dec: json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))}
	p.dec.UseNumber()
	root, err := p.value("", "", 0)
	if err != nil {
		return nil, p.explain(err)
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the JSON document, at byte %d", p.dec.InputOffset())
	}
	return root, wantObject(root)
}

func wantObject(root *value) error {
	if root == nil || root.kind != object {
		return errors.New("the document is no object of settings")
	}
	return nil
}

type jsonParser struct {
	dec *json.Decoder
	builder
}

// explain takes the position of a fault and leaves out the excerpt, which may
// show a credential.
func (p *jsonParser) explain(err error) error {
	if errors.Is(err, errTooDeep) {
		return err
	}
	return fmt.Errorf("this is not JSON, see byte %d", p.dec.InputOffset())
}

func (p *jsonParser) value(path, name string, depth int) (*value, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return p.object(path, name, depth)
		}
		return p.list(path, name, depth)
	case string:
		return p.builder.value(path, name, text, t), nil
	case json.Number:
		return p.builder.value(path, name, number, t.String()), nil
	case bool:
		return p.builder.value(path, name, truth, fmt.Sprint(t)), nil
	}
	return p.builder.value(path, name, null, ""), nil
}

func (p *jsonParser) object(path, name string, depth int) (*value, error) {
	v := p.builder.value(path, name, object, "")
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the decoder takes no other keys
		item, err := p.value(join(path, key), key, depth+1)
		if err != nil {
			return nil, err
		}
		v.keys, v.items = append(v.keys, key), append(v.items, item)
	}
	_, err := p.dec.Token()
	return v, err
}

func (p *jsonParser) list(path, name string, depth int) (*value, error) {
	v := p.builder.value(path, name, list, "")
	for p.dec.More() {
		entry, err := p.value(item(path, len(v.items)), name, depth+1)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, entry)
	}
	_, err := p.dec.Token()
	return v, err
}
