package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/golden"
)

const schemaFile = "../../docs/config.schema.json"

func TestSchemaFileIsUpToDate(t *testing.T) {
	golden.Check(t, schemaFile, config.Schema())
}

func TestSchemaAcceptsTheExamples(t *testing.T) {
	t.Parallel()
	for name, c := range examples(t) {
		data, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := violation(t, string(data)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	data, err := os.ReadFile("../../fallow.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := violation(t, string(data)); err != nil {
		t.Errorf("fallow.yaml: %v", err)
	}
}

// What the schema can know it must refuse, as Parse does.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	t.Parallel()
	edits := [][]string{
		{"version: 1", "version: 2"}, {"version: 1\n", ""}, {"clients:\n", "x: 1\nclients:\n"},
		{"provider: anthropic", "provider: vertex"}, {"  claude:", "  Claude:"},
		{"name: key-1", "name: KEY"}, {"env:KEY_1", "aws:user"}, {"    keys:", "    workspace: a b\n    keys:"}, {"env:KEY_1", literal}, {"env:KEY_1", "env:KEY_1\n        weight: 0"},
		{"env:KEY_1", "env:KEY_1\n        wieght: 1"}, {"env:KEY_1", "env:KEY_1\n        weight: 1001"},
		{"[{pool: claude}]", "[]"}, {"  review:", "  a*b:"},
		{"name: key-1", "name: " + strings.Repeat("k-", 32)}, {"  review:", "  " + strings.Repeat("m-", 101) + ":"}, {"auth: tokens", "auth: basic"},
		{"model: claude-sonnet-5", "model: a b"}, {"    keys:", "    wait_budget: 30\n    keys:"},
		{"    keys:", "    base_url: host/v1\n    keys:"}, {"clients:\n", "limits: {body_bytes: 0}\nclients:\n"},
		{"model: claude-sonnet-5}]", "model: claude-sonnet-5}], log: {prompts: true, share: 0}"}, {"model: claude-sonnet-5}]", "model: claude-sonnet-5}], log: {prompts: true, prompt_bytes: 63}"},
		{"clients:\n", "redact: [{name: A, pattern: b}]\nclients:\n"}, {"clients:\n", "redact: [{pattern: b}]\nclients:\n"},
		{"  auth: tokens", "  auth: tokens\n  edge_secrets: []"}, {"  auth: tokens", "  auth: tokens\n  edge_secrets: [a, b]"},
		{"    keys:", "    limits: {requests: 0}\n    keys:"}, {"    keys:", "    limits: {output_tokens: 1_000_000_000_001}\n    keys:"},
	}
	for _, e := range edits {
		doc := edit(t, good, e...)
		if violation(t, doc) == nil {
			t.Errorf("the schema accepts %q", e[1])
		}
		if _, err := config.Parse([]byte(doc), ""); err == nil {
			t.Errorf("Parse accepts %q", e[1])
		}
	}
	if err := violation(t, good); err != nil {
		t.Errorf("good: %v", err)
	}
}

// The defaults that the schema tells are those that Parse fills in.
func TestSchemaDefaultsAreTrue(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(toJSON(t, good))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := yaml.Marshal(parse(t, string(data)))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	compareDefaults(t, schema, toJSON(t, string(filled)), "", &found)
	if found < 8 {
		t.Errorf("compared only %d defaults", found)
	}
}

func compareDefaults(t *testing.T, schema map[string]any, v any, path string, found *int) {
	if want, ok := schema["default"]; ok {
		*found++
		if fmt.Sprint(v) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, the schema says %v", path, v, want)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			compareDefaults(t, subschema(schema, name), value, path+"."+name, found)
		}
	case []any:
		for _, value := range v {
			compareDefaults(t, schema["items"].(map[string]any), value, path+"[]", found)
		}
	}
}

func toJSON(t *testing.T, doc string) any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// violation checks a document against the schema, with the keywords that the
// schema uses; it fails the test at any other.
func violation(t *testing.T, doc string) error {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	return violates(t, schema, toJSON(t, doc), "")
}

func violates(t *testing.T, schema map[string]any, v any, path string) error {
	t.Helper()
	for keyword, rule := range schema {
		if !obeys(t, keyword, rule, v) {
			return fmt.Errorf("%s: %s %v", path, keyword, rule)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			sub := subschema(schema, name)
			if sub == nil {
				return fmt.Errorf("%s: additional %s", path, name)
			}
			if err := violates(t, sub, value, path+"."+name); err != nil {
				return err
			}
			if names, ok := schema["propertyNames"].(map[string]any); ok {
				if err := violates(t, names, name, path+" name"); err != nil {
					return err
				}
			}
		}
	case []any:
		for _, value := range v {
			if err := violates(t, schema["items"].(map[string]any), value, path+"[]"); err != nil {
				return err
			}
		}
	}
	return nil
}

// subschema returns the schema of a property, nil when there may be none.
func subschema(schema map[string]any, name string) map[string]any {
	properties, _ := schema["properties"].(map[string]any)
	if s, ok := properties[name].(map[string]any); ok {
		return s
	}
	s, _ := schema["additionalProperties"].(map[string]any)
	return s
}

func obeys(t *testing.T, keyword string, rule, v any) bool {
	t.Helper()
	number, _ := v.(float64)
	switch keyword {
	case "$schema", "title", "description", "default", "properties", "additionalProperties", "items", "propertyNames":
		return true // for people, or looked at by violates
	case "type":
		return typeOf(v) == rule || typeOf(v) == "integer" && rule == "number"
	case "const":
		return v == rule
	case "enum":
		return strings.Contains(fmt.Sprint(rule), fmt.Sprint(v))
	case "pattern":
		return regexp.MustCompile(rule.(string)).MatchString(fmt.Sprint(v))
	case "maxLength":
		return float64(len(fmt.Sprint(v))) <= rule.(float64)
	case "required":
		for _, name := range rule.([]any) {
			if _, ok := v.(map[string]any)[name.(string)]; !ok {
				return false
			}
		}
		return true
	case "maxItems":
		return float64(len(v.([]any))) <= rule.(float64)
	case "minItems":
		return float64(len(v.([]any))) >= rule.(float64)
	case "minProperties":
		return float64(len(v.(map[string]any))) >= rule.(float64)
	case "minimum":
		return number >= rule.(float64)
	case "maximum":
		return number <= rule.(float64)
	case "exclusiveMinimum":
		return number > rule.(float64)
	}
	t.Fatalf("unknown keyword %s", keyword)
	return false
}

func typeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return "null"
}
