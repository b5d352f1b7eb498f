package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// The most that one request's grammar may hold, over all strict tools and the
// format of the answer. (Anthropic docs, build-with-claude/structured-outputs,
// "Schema complexity limits".)
const (
	maxStrictTools = 20
	maxOptional    = 24
	maxUnions      = 16
)

// schemaCost is what decides whether output can be held to some schemas.
type schemaCost struct {
	optional, unions int
	// open: there is an object whose properties may have any name. To close it
	// would make it empty.
	open bool
	// recursive: a schema refers to itself. foreign: it refers elsewhere.
	recursive, foreign bool

	root gjson.Result
	refs map[string]refState
}

type refState int

const (
	unseen    refState = iota
	following          // on the path to where we are
	followed
)

// add takes one more schema into the sum.
func (c *schemaCost) add(schema gjson.Result) {
	c.root, c.refs = schema, nil
	c.look(schema)
}

// fits reports whether a grammar can be made.
func (c *schemaCost) fits() bool {
	return !c.open && !c.recursive && !c.foreign && c.optional <= maxOptional && c.unions <= maxUnions
}

func (c *schemaCost) look(s gjson.Result) {
	if !s.IsObject() {
		return
	}
	if ref := s.Get("$ref"); isString(ref) {
		c.follow(ref.Str)
	}
	if kind := s.Get("type"); kind.IsArray() {
		c.unions++
	}
	c.object(s)
	s.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "properties":
			v.ForEach(func(_, child gjson.Result) bool { c.look(child); return true })
		case "items":
			c.look(v)
		case "anyOf", "oneOf":
			c.unions++
			fallthrough
		case "allOf":
			v.ForEach(func(_, child gjson.Result) bool { c.look(child); return true })
		}
		return true
	})
}

// object counts the optional properties of an object, and finds those without
// any of their own.
func (c *schemaCost) object(s gjson.Result) {
	properties := 0
	s.Get("properties").ForEach(func(_, _ gjson.Result) bool { properties++; return true })
	c.optional += max(0, properties-len(s.Get("required").Array()))
	more := s.Get("additionalProperties")
	switch {
	case !isObjectSchema(s):
	case more.IsObject(), more.Type == gjson.True:
		c.open = true
	case properties == 0 && !more.Exists():
		c.open = true // any object
	}
}

// follow looks at what a reference means, once.
func (c *schemaCost) follow(ref string) {
	if c.refs == nil {
		c.refs = make(map[string]refState)
	}
	switch c.refs[ref] {
	case following:
		c.recursive = true
	case unseen:
		c.refs[ref] = following
		switch path, inside := strings.CutPrefix(ref, "#/"); {
		case inside:
			c.look(lookUp(c.root, path))
		case ref == "#":
			c.recursive = true
		default:
			c.foreign = true
		}
		c.refs[ref] = followed
	}
}

// pointerEscapes undoes how a JSON pointer writes a slash and a tilde.
var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

func lookUp(s gjson.Result, path string) gjson.Result {
	for _, step := range strings.Split(path, "/") {
		s = s.Get(gjson.Escape(pointerEscapes.Replace(step)))
	}
	return s
}
