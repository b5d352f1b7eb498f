package anthropic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func closed(schema string) string { return string(closeSchema(nil, gjson.Parse(schema))) }

func TestCloseSchema(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, schema, want string }{
		{"boolean", `true`, `true`},
		{"any value", `{}`, `{}`},
		{"object by its properties", `{"properties":{}}`, `{"properties":{},"additionalProperties":false}`},
		{"object or null", `{"type":["object","null"]}`, `{"type":["object","null"],"additionalProperties":false}`},
		{"closed already", `{"type":"object","additionalProperties":false}`, `{"type":"object","additionalProperties":false}`},
		{"one of", `{"oneOf":[{"type":"string"},{"type":"object"}]}`, `{"anyOf":[{"type":"string"},{"type":"object","additionalProperties":false}]}`},
		{"one of beside any of", `{"oneOf":[{}],"anyOf":[{"type":"null"}]}`, `{"anyOf":[{"type":"null"}],"description":"oneOf: [{}]"}`},
		{"tuple", `{"items":[{"type":"string"}]}`, `{"description":"items: [{\"type\":\"string\"}]"}`},
		{"bounds", `{"minimum":1,"description":"a \"b\"","maximum":2}`, `{"description":"a \"b\"\nminimum: 1; maximum: 2"}`},
		{"least items", `{"minItems":1}`, `{"minItems":1}`},
		{"more items", `{"minItems":2}`, `{"description":"minItems: 2"}`},
		{"list of items", `{"allOf":{"a":1}}`, `{"description":"allOf: {\"a\":1}"}`},
		{"description of another type", `{"description":7,"minLength":1}`, `{"description":"minLength: 1"}`},
		{"properties of another type", `{"properties":[1]}`, `{"additionalProperties":false,"description":"properties: [1]"}`},
		{"definitions", `{"definitions":{"a":{"type":"object"}}}`, `{"definitions":{"a":{"type":"object","additionalProperties":false}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := closed(tt.schema); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// genSchema makes schemas of all keywords, some of them with odd values.
func genSchema(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		s := map[string]any{}
		kinds := []string{"object", "string", "integer", "array", "null"}
		if rapid.Bool().Draw(t, "typed") {
			s["type"] = rapid.SampledFrom(kinds).Draw(t, "type")
		}
		for _, keyword := range []string{"minimum", "maxLength", "pattern", "format", "minItems", "description", "default", "$schema", "uniqueItems"} {
			if rapid.IntRange(0, 3).Draw(t, keyword) == 0 {
				s[keyword] = rapid.SampledFrom([]any{1, 2.5, "uuid", "a\"b", true}).Draw(t, keyword+" value")
			}
		}
		if depth == 0 {
			return s
		}
		below := genSchema(depth - 1)
		for _, keyword := range []string{"properties", "$defs"} {
			if rapid.IntRange(0, 2).Draw(t, keyword) == 0 {
				s[keyword] = rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "minimum"}), below, 0, 2).Draw(t, keyword+" value")
			}
		}
		for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
			if rapid.IntRange(0, 4).Draw(t, keyword) == 0 {
				s[keyword] = rapid.SliceOfN(below, 1, 2).Draw(t, keyword+" value")
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "items") == 0 {
			s["items"] = below.Draw(t, "items value")
		}
		return s
	})
}

// TestClosedSchemasAreTaken: whatever is closed is JSON, stays as it is when it
// is closed again, and the simulated provider has nothing to say against it.
func TestClosedSchemasAreTaken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(genSchema(3).Draw(t, "schema"))
		if err != nil {
			t.Fatal(err)
		}
		got := closed(string(raw))
		if !json.Valid([]byte(got)) {
			t.Fatalf("not JSON: %s of %s", got, raw)
		}
		if again := closed(got); again != got {
			t.Fatalf("closed twice: %s, once: %s", again, got)
		}
		body := `{"model":"claude-opus-5","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"output_config":{"format":{"type":"json_schema","schema":` + got + `}}}`
		header := map[string][]string{"Anthropic-Version": {apiVersion}}
		if _, refused := judge.Parse([]byte(body), header); refused != nil {
			t.Fatalf("refused: %s for %s", refused.Message, got)
		}
	})
}

func TestSchemaCost(t *testing.T) {
	t.Parallel()
	object := func(fields string) string { return `{"type":"object","properties":{` + fields + `}}` }
	var optional, unions []string
	for i := range 25 {
		optional = append(optional, fmt.Sprintf(`"o%d":{"type":"string"}`, i))
		unions = append(unions, fmt.Sprintf(`{"type":["string","null"],"title":"%d"}`, i))
	}
	tests := []struct {
		name, schema string
		fits         bool
	}{
		{"flat", `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`, true},
		{"text", `{"type":"string"}`, true},
		{"some optional", object(strings.Join(optional[:24], ",")), true},
		{"too many optional", object(strings.Join(optional, ",")), false},
		{"too many unions", `{"allOf":[` + strings.Join(unions[:17], ",") + `]}`, false},
		{"any object", `{"type":"object"}`, false},
		{"empty object", `{"type":"object","additionalProperties":false}`, true},
		{"map", `{"type":"object","additionalProperties":{"type":"string"}}`, false},
		{"map within a list", `{"type":"array","items":{"type":"object","additionalProperties":true}}`, false},
		{"refers to the whole", `{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`, false},
		{"refers to itself", `{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}`, false},
		{"refers to each other", `{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/b"}},"b":{"items":{"$ref":"#/$defs/a"}}}}`, false},
		{"refers twice to one", `{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"string"}}}`, true},
		{"refers to a name with a slash", `{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"$ref":"#/$defs/a~1b"}}}`, false},
		{"refers to nothing", `{"$ref":"#/$defs/a"}`, true},
		{"refers elsewhere", `{"$ref":"https://example.com/schema"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c schemaCost
			c.add(gjson.Parse(tt.schema))
			if got := c.fits(); got != tt.fits {
				t.Errorf("fits = %v, want %v: %+v", got, tt.fits, c)
			}
		})
	}
}
