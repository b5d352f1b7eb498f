package dialogue

import (
	"encoding/json"
	"testing"

	"github.com/tidwall/gjson"
)

func TestExample(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, schema, want string }{
		{"required only", `{"type":"object","properties":{"city":{"type":"string"},"x":{"type":"null"}},"required":["city"]}`, `{"city":"Paris"}`},
		{"all when none is required", `{"properties":{"n":{"type":"integer"},"b":{"type":"boolean"}}}`, `{"n":3,"b":true}`},
		{"no properties", `{"type":"object"}`, `{}`},
		{"enum", `{"enum":["","b"]}`, `""`},
		{"const object is compacted", `{"const": {"a": 1}}`, `{"a":1}`},
		{"default", `{"type":"string","default":"d"}`, `"d"`},
		{"first of several types", `{"type":["number","null"]}`, `3`},
		{"bounds", `{"type":"array","minItems":2,"items":{"type":"number","minimum":10,"multipleOf":4}}`, `[12,12]`},
		{"upper bounds", `{"type":"array","items":{"type":"number","maximum":1,"exclusiveMaximum":1}}`, `[0]`},
		{"exclusive minimum", `{"type":"integer","exclusiveMinimum":5}`, `6`},
		{"a bound on items keeps examples small", `{"type":"array","minItems":1000000,"items":{"type":"null"}}`, `[null,null,null,null,null,null,null,null,null,null]`},
		{"array without items", `{"type":"array"}`, `[null]`},
		{"format", `{"type":"string","format":"date"}`, `"2026-11-22"`},
		{"text lengths", `{"properties":{"a":{"type":"string","minLength":5},"b_c":{"type":"string","maxLength":3}}}`, `{"a":"a axx","b_c":"a b"}`},
		{"reference", `{"$defs":{"a/b":{"type":"boolean"}},"anyOf":[{"$ref":"#/$defs/a/b"}]}`, `null`},
		{"reference found", `{"$defs":{"ab":{"type":"boolean"}},"properties":{"x":{"$ref":"#/$defs/ab"}}}`, `{"x":true}`},
		{"oneOf and allOf", `{"oneOf":[{"allOf":[{"type":"boolean"}]}]}`, `true`},
		{"quotes in names", `{"properties":{"a\"b":{"type":"null"}}}`, `{"a\"b":null}`},
		{"no schema", ``, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Example(gjson.Parse(tt.schema)); got != tt.want {
				t.Errorf("Example = %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzExample(f *testing.F) {
	for _, seed := range []string{
		`{"$ref":"#"}`, `{"properties":{"a":{"$ref":"#"}},"required":["a"]}`,
		`{"anyOf":[{"$ref":"#/anyOf/0"}]}`, `{"type":"array","items":{"$ref":"#"}}`,
		`{"type":"string","minLength":99999999999}`, `{"type":"number","multipleOf":1e-300}`, `{"maxLength":-1,"type":"string"}`,
		`{"type":"array","minItems":10,"items":{"$ref":"#"}}`, `{"type":"number","multipleOf":1e-310}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		if !gjson.Valid(schema) {
			return
		}
		if got := Example(gjson.Parse(schema)); !json.Valid([]byte(got)) {
			t.Errorf("Example(%s) = %s, which is not JSON", schema, got)
		}
	})
}
