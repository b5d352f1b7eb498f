// Package emftest reads log lines as CloudWatch does and is strict where
// CloudWatch is silent: what it would drop without a word is a fault here.
//
// The rules are those of the "Specification: Embedded metric format" and its
// JSON schema, and of MetricDatum and PutLogEvents (AWS docs): sizes, units,
// the age of a timestamp, what a dimension may hold.
package emftest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Datum is what CloudWatch would take out of a line for one metric and one
// dimension set.
type Datum struct {
	Namespace, Name, Unit string
	Dimensions            map[string]string
	Values                []float64
	At                    time.Time
}

// Document is one line.
type Document struct {
	// Members are those of the root, as encoding/json gives them, _aws left out.
	Members map[string]any
	// Data is empty for a line that is a log line only.
	Data []Datum
}

// maxLine is the largest log event.
const maxLine = 1 << 20

// Parse reads a line without its line break. now is when it reaches CloudWatch,
// which takes metrics that are up to two weeks old or two hours ahead. The error
// joins all faults, each with the path of what is wrong.
func Parse(line []byte, now time.Time) (Document, error) {
	switch {
	case len(line) > maxLine:
		return Document{}, fmt.Errorf("the line has %d bytes, at most %d are taken", len(line), maxLine)
	case bytes.ContainsAny(line, "\n\r"):
		return Document{}, errors.New("the line has a line break within")
	}
	root, err := members(line)
	if err != nil {
		return Document{}, fmt.Errorf("root: %w", err)
	}
	r := reader{root: root, now: now}
	doc := Document{Members: map[string]any{}}
	for name, raw := range root {
		if name != "_aws" {
			var v any
			r.check(json.Unmarshal(raw, &v), name)
			doc.Members[name] = v
		}
	}
	if meta, ok := root["_aws"]; ok {
		r.metadata(meta)
	}
	doc.Data = r.data
	return doc, errors.Join(r.faults...)
}

// members reads one JSON object. A member that is given twice is a fault:
// readers differ in which they take.
func members(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("is no JSON object")
	}
	found := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		key := name.(string) // the decoder takes nothing else there
		if _, twice := found[key]; twice {
			return nil, fmt.Errorf("has member %q twice", key)
		}
		found[key] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("does not end")
	}
	if len(bytes.TrimSpace(raw[dec.InputOffset():])) > 0 {
		return nil, errors.New("is followed by something else")
	}
	return found, nil
}
