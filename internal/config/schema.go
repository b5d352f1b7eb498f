package config

import (
	"bytes"
	"encoding/json"
	"reflect"
)

//go:generate go test -run TestSchemaFileIsUpToDate -update .

// Schema returns the JSON Schema (draft 7, which editors know) of the
// document. It tells what is true of one value; what must hold between values
// only Parse knows.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[Config]())
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Fallow configuration"
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return out.Bytes()
}

// rules are keywords of JSON Schema.
type rules map[string]any

func schemaOf(t reflect.Type) rules {
	if t == reflect.TypeFor[Duration]() {
		return rules{"type": "string", "pattern": `^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$`}
	}
	switch t.Kind() {
	case reflect.Struct:
		return schemaOfStruct(t)
	case reflect.Map:
		return rules{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return rules{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.String:
		return rules{"type": "string"}
	case reflect.Bool:
		return rules{"type": "boolean"}
	case reflect.Float64:
		return rules{"type": "number"}
	}
	return rules{"type": "integer"}
}

func schemaOfStruct(t reflect.Type) rules {
	properties, required := rules{}, []string{}
	for i, name := range fieldsOf(t) {
		n := notes[t.Name()+"."+name]
		p := schemaOf(t.Field(i).Type)
		p["description"] = n.about
		for keyword, value := range n.rules {
			p[keyword] = value
		}
		if n.required {
			required = append(required, name)
		}
		properties[name] = p
	}
	s := rules{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}
