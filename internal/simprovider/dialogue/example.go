package dialogue

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth and maxExample end schemas that refer to themselves; the first
// alone would not stop one that does so twice at each level.
const (
	maxDepth   = 12
	maxExample = 64 << 10
)

// Example is a compact JSON value that the schema allows: required properties
// (all, if none is required), the first value of an enum, the first branch of
// a choice. Keywords it does not know, such as pattern, are not honoured.
func Example(schema gjson.Result) string {
	e := example{root: schema}
	e.value(schema, "", 0)
	return string(e.out)
}

type example struct {
	root gjson.Result
	out  []byte
}

func (e *example) value(s gjson.Result, name string, depth int) {
	s = e.resolve(s)
	if depth > maxDepth || len(e.out) > maxExample {
		e.out = append(e.out, "null"...)
		return
	}
	for _, fixed := range []string{"const", "enum.0", "default", "examples.0"} {
		if v := s.Get(fixed); v.Exists() {
			e.out = append(e.out, compact(v.Raw)...)
			return
		}
	}
	switch typeOf(s) {
	case "object":
		e.object(s, depth)
	case "array":
		e.array(s, name, depth)
	case "string":
		e.out = append(e.out, quote(text(s, name))...)
	case "integer", "number":
		e.out = strconv.AppendFloat(e.out, number(s), 'f', -1, 64)
	case "boolean":
		e.out = append(e.out, "true"...)
	default:
		e.out = append(e.out, "null"...)
	}
}

// resolve follows references and choices until it stands on a plain schema.
// Of allOf only the first branch is followed: tools in the wild use it to
// wrap a single reference.
func (e *example) resolve(s gjson.Result) gjson.Result {
	for range maxDepth {
		switch ref := s.Get("$ref"); {
		case strings.HasPrefix(ref.Str, "#/"):
			s = e.lookup(ref.Str[2:])
		case ref.Str == "#":
			s = e.root
		case s.Get("anyOf.0").Exists():
			s = s.Get("anyOf.0")
		case s.Get("oneOf.0").Exists():
			s = s.Get("oneOf.0")
		case s.Get("allOf.0").Exists() && !s.Get("properties").Exists():
			s = s.Get("allOf.0")
		default:
			return s
		}
	}
	return s
}

func (e *example) lookup(pointer string) gjson.Result {
	s := e.root
	for _, step := range strings.Split(pointer, "/") {
		s = s.Get(gjson.Escape(step))
	}
	return s
}

func typeOf(s gjson.Result) string {
	t := s.Get("type")
	if t.IsArray() {
		return t.Get("0").Str
	}
	if t.Str == "" && s.Get("properties").Exists() {
		return "object"
	}
	return t.Str
}

func (e *example) object(s gjson.Result, depth int) {
	required := map[string]bool{}
	for _, r := range s.Get("required").Array() {
		required[r.Str] = true
	}
	e.out = append(e.out, '{')
	first := true
	s.Get("properties").ForEach(func(key, prop gjson.Result) bool {
		if len(required) > 0 && !required[key.Str] {
			return true
		}
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		e.out = append(append(e.out, quote(key.Str)...), ':')
		e.value(prop, key.Str, depth+1)
		return true
	})
	e.out = append(e.out, '}')
}

func (e *example) array(s gjson.Result, name string, depth int) {
	n := min(max(1, int(s.Get("minItems").Int())), 10)
	e.out = append(e.out, '[')
	for i := range n {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.value(s.Get("items"), strings.TrimSuffix(name, "s"), depth+1)
	}
	e.out = append(e.out, ']')
}

// samples are plausible values for names that tools often use.
var samples = map[string]string{
	"city": "Paris", "location": "Paris", "country": "France", "path": "internal/pool/book.go",
	"file": "internal/pool/book.go", "query": "token bucket", "url": "https://example.com/",
	"command": "go test ./...", "language": "Go", "email": "reviewer@example.com",
}

var formats = map[string]string{
	"date-time": "2026-11-22T12:00:00Z", "date": "2026-11-22", "time": "12:00:00Z",
	"email": "reviewer@example.com", "uri": "https://example.com/", "uuid": "1b4e28ba-2fa1-41d2-883f-0016d3cca427",
}

func text(s gjson.Result, name string) string {
	if v, ok := formats[s.Get("format").Str]; ok {
		return v
	}
	v, ok := samples[strings.ToLower(name)]
	if !ok {
		v = "a " + strings.ReplaceAll(name, "_", " ")
	}
	if missing := int(min(s.Get("minLength").Int(), 1000)) - len(v); missing > 0 {
		v += strings.Repeat("x", missing)
	}
	if most := s.Get("maxLength"); most.Exists() {
		v = clip(v, int(max(0, most.Int())))
	}
	return v
}

// number is 3, moved into the bounds.
func number(s gjson.Result) float64 {
	v := 3.0
	if most := s.Get("maximum"); most.Exists() {
		v = min(v, most.Num)
	}
	if most := s.Get("exclusiveMaximum"); most.Type == gjson.Number {
		v = min(v, most.Num-1)
	}
	if least := s.Get("minimum"); least.Exists() {
		v = max(v, least.Num)
	}
	if least := s.Get("exclusiveMinimum"); least.Type == gjson.Number {
		v = max(v, least.Num+1)
	}
	step := s.Get("multipleOf").Num
	if rounded := math.Ceil(v/step) * step; step > 0 && !math.IsInf(rounded, 0) {
		return rounded
	}
	return v
}

func compact(raw string) string { return gjson.Get(raw, "@ugly").Raw }

func quote(s string) []byte {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}
