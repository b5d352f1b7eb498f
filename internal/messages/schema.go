package messages

import "github.com/tidwall/gjson"

// fitsStrict reports whether OpenAI would take a schema as strict: there every
// object must name all its properties as required and allow no others (OpenAI
// docs, guides/structured-outputs). Anthropic allows optional ones. A schema that
// does not fit is sent as one that is not strict, which models follow nearly as
// well, rather than refused.
func fitsStrict(schema gjson.Result) bool {
	if schema.IsArray() {
		return all(schema)
	}
	if !schema.IsObject() {
		return true
	}
	if properties := schema.Get("properties"); properties.IsObject() {
		if schema.Get("additionalProperties").Type != gjson.False || !requiresAll(schema.Get("required"), properties) {
			return false
		}
		if !all(properties) {
			return false
		}
	} else if schema.Get("type").Str == "object" {
		return false // an object of anything
	}
	for _, inside := range [...]string{"items", "anyOf", "$defs", "definitions"} {
		if v := schema.Get(gjson.Escape(inside)); v.Exists() && !fitsNested(inside, v) {
			return false
		}
	}
	return true
}

// fitsNested reads what a keyword holds: a schema, or several by name.
func fitsNested(keyword string, v gjson.Result) bool {
	if v.IsObject() && keyword != "items" {
		return all(v)
	}
	return fitsStrict(v)
}

// all reports whether all schemas in a list or in an object's members fit.
func all(schemas gjson.Result) bool {
	fit := true
	schemas.ForEach(func(_, s gjson.Result) bool {
		fit = fitsStrict(s)
		return fit
	})
	return fit
}

func requiresAll(required, properties gjson.Result) bool {
	named := make(map[string]bool)
	for _, name := range required.Array() {
		named[name.Str] = true
	}
	complete := true
	properties.ForEach(func(name, _ gjson.Result) bool {
		complete = named[name.Str]
		return complete
	})
	return complete
}
