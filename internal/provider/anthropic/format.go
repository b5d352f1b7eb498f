package anthropic

import "github.com/tidwall/gjson"

// format is response_format, understood.
type format struct {
	schema gjson.Result // of json_schema; absent otherwise
	// native: the schema goes into output_config.format. Else, if there is one,
	// the model is made to call a tool with it, whose input is the answer.
	native bool
}

// byTool reports whether the answer is asked for as the input of a tool.
func (f format) byTool() bool { return f.schema.Exists() && !f.native }

// answerTool is the name of the tool by which a model without structured outputs
// answers, unless the client offers a tool of that name.
const answerTool = "json_answer"

// freeName is a name for another tool that none of the client's has. It depends
// on the tools alone, so that it is the same in every turn.
func (e *encoder) freeName(name string) string {
	taken := make(map[string]bool)
	for _, tool := range e.get("tools").Array() {
		for _, path := range [...]string{"name", "function.name", "custom.name"} {
			taken[tool.Get(path).Str] = true
		}
	}
	for _, fn := range e.get("functions").Array() {
		taken[fn.Get("name").Str] = true
	}
	for taken[name] {
		name += "_"
	}
	return name
}

// readFormat decides how the answer gets its form. json_object has no
// counterpart and becomes an instruction, see systemNotes.
func (e *encoder) readFormat() error {
	rf := e.get("response_format")
	switch kind := rf.Get("type").Str; {
	case !rf.Exists(), kind == "text", kind == "json_object":
		return nil
	case kind != "json_schema":
		return paramError("response_format.type", "must be one of text, json_object, json_schema")
	}
	schema := rf.Get("json_schema.schema")
	if !schema.IsObject() {
		return paramError("response_format.json_schema.schema", "must be a JSON Schema object")
	}
	var cost schemaCost
	cost.add(schema)
	e.format = format{schema: schema, native: e.is.Schemas && cost.fits()}
	if e.format.byTool() && e.choice.forced() {
		e.format = format{} // the answer is a call of the client's own tool
	}
	if e.format.byTool() {
		e.tools.forms.answer, e.tools.forms.tool = answerPlain, e.freeName(answerTool)
		if !isObjectSchema(schema) {
			e.tools.forms.answer = answerWrapped
		}
		if !e.onWire().forced() { // only asked for in words
			e.drop("response_format")
		}
	}
	return nil
}

// wrapper is the property that holds an answer which is no object: the input of
// a tool always is one.
const wrapper = "values"

// appendAnswerTool writes the tool whose input is the answer. It is the last
// one, so that the client's own keep their place in the cached prefix.
func (e *encoder) appendAnswerTool(dst []byte) []byte {
	schema := e.format.schema
	dst = append(append(next(dst), `{"name":"`...), e.tools.forms.tool...)
	dst = append(dst, `","description":"Gives the final answer to the user.","input_schema":`...)
	if e.tools.forms.answer == answerPlain {
		return append(appendTyped(dst, schema), '}')
	}
	dst = append(dst, `{"type":"object","properties":{"`+wrapper+`":`...)
	dst = append(append(dst, schema.Raw...), `},"required":["`+wrapper+`"]`...)
	for _, defs := range [...]string{"$defs", "definitions"} { // referred to from the root
		if v := schema.Get(gjson.Escape(defs)); v.Exists() {
			dst = append(append(append(dst, `,"`...), defs...), `":`...)
			dst = append(dst, v.Raw...)
		}
	}
	return append(dst, "}}"...)
}

// wantsJSON reports whether any JSON object is asked for, without a schema.
func wantsJSON(responseFormat gjson.Result) bool {
	return responseFormat.Get("type").Str == "json_object"
}
