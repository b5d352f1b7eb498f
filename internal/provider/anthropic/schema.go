package anthropic

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// A schema that output is held to is compiled into a grammar, which knows less
// than JSON Schema: objects are closed, and bounds on numbers, texts and lists
// do not exist. closeSchema writes a schema as such a grammar takes it; what it
// cannot express it tells the model in the description. (Anthropic docs,
// build-with-claude/structured-outputs.)

// kept are the keywords that a grammar knows, and those that are only read.
var kept = []string{"type", "enum", "const", "$ref", "required", "title", "default"}

// meaningless keywords say nothing about the value.
var meaningless = []string{"$schema", "$id", "$comment", "$anchor", "additionalProperties", "description", "examples"}

// textFormats are the formats that a grammar knows.
var textFormats = []string{"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}

// closeSchema appends the schema in its closed form. What is no object (true,
// false) stays as it is.
func closeSchema(dst []byte, schema gjson.Result) []byte {
	if !schema.IsObject() {
		return append(dst, schema.Raw...)
	}
	c := closer{dst: append(dst, '{'), anyOf: schema.Get("anyOf").Exists()}
	schema.ForEach(func(key, v gjson.Result) bool {
		c.keyword(key, v)
		return true
	})
	if isObjectSchema(schema) {
		c.member(`"additionalProperties"`)
		c.dst = append(c.dst, "false"...)
	}
	c.describe(schema.Get("description"))
	return append(c.dst, '}')
}

// closer writes the keywords of one schema.
type closer struct {
	dst   []byte
	anyOf bool     // the schema has that keyword itself
	notes []string // what the grammar does not know
}

func (c *closer) member(quoted string) {
	if c.dst[len(c.dst)-1] != '{' {
		c.dst = append(c.dst, ',')
	}
	c.dst = append(append(c.dst, quoted...), ':')
}

func (c *closer) keyword(key, v gjson.Result) {
	switch name := key.Str; {
	case slices.Contains(meaningless, name):
	case slices.Contains(kept, name), name == "minItems" && (v.Raw == "0" || v.Raw == "1"), name == "format" && slices.Contains(textFormats, v.Str):
		c.member(key.Raw)
		c.dst = append(c.dst, v.Raw...)
	case (name == "properties" || name == "$defs" || name == "definitions") && v.IsObject():
		c.member(key.Raw)
		c.each(v)
	case name == "items" && v.IsObject():
		c.member(key.Raw)
		c.dst = closeSchema(c.dst, v)
	case (name == "anyOf" || name == "allOf") && v.IsArray():
		c.member(key.Raw)
		c.list(v)
	case name == "oneOf" && v.IsArray() && !c.anyOf:
		c.member(`"anyOf"`) // which the grammar has, and of which oneOf is a case
		c.list(v)
	default:
		c.notes = append(c.notes, name+": "+v.Raw)
	}
}

// each closes the schemas of an object of schemas.
func (c *closer) each(schemas gjson.Result) {
	c.dst = append(c.dst, '{')
	schemas.ForEach(func(name, s gjson.Result) bool {
		c.member(name.Raw)
		c.dst = closeSchema(c.dst, s)
		return true
	})
	c.dst = append(c.dst, '}')
}

func (c *closer) list(schemas gjson.Result) {
	c.dst = append(c.dst, '[')
	for i, s := range schemas.Array() {
		if i > 0 {
			c.dst = append(c.dst, ',')
		}
		c.dst = closeSchema(c.dst, s)
	}
	c.dst = append(c.dst, ']')
}

// describe writes the description, with the notes after it.
func (c *closer) describe(text gjson.Result) {
	if len(c.notes) == 0 && !isString(text) {
		return
	}
	c.member(`"description"`)
	if len(c.notes) == 0 {
		c.dst = append(c.dst, text.Raw...)
		return
	}
	all := strings.Join(c.notes, "; ")
	if text.Str != "" {
		all = text.Str + "\n" + all
	}
	c.dst = gjson.AppendJSONString(c.dst, all)
}

func isObjectSchema(s gjson.Result) bool {
	kind := s.Get("type")
	return kind.Str == "object" || s.Get("properties").Exists() ||
		kind.IsArray() && slices.ContainsFunc(kind.Array(), func(k gjson.Result) bool { return k.Str == "object" })
}
