package responses

import (
	"strings"

	"github.com/tidwall/gjson"
)

// builtIn are the calls of OpenAI's own tools that the client runs, with the
// member that says what is to be done. A model that has no such tool reads them
// as calls of a function: what was done is what counts.
var builtIn = map[string]string{
	"local_shell_call": "action", "shell_call": "action", "apply_patch_call": "operation",
}

// outputs are the items that answer calls.
var outputs = map[string]bool{
	"function_call_output": true, "custom_tool_call_output": true,
	"local_shell_call_output": true, "shell_call_output": true, "apply_patch_call_output": true,
}

// call takes in a call of a function or a custom tool.
func (t *turn) call(item gjson.Result, path string) error {
	if !isText(item.Get("name")) {
		return fault(path+".name", "must be a string that is not empty")
	}
	arguments := item.Get("arguments")
	if item.Get("type").Str == "custom_tool_call" {
		arguments = gjson.Result{Type: gjson.JSON, Raw: `{"input":` + rawString(item.Get("input")) + `}`}
	}
	return t.addCall(item, named(item), asText(arguments), path)
}

func (t *turn) builtInCall(item gjson.Result, path string) error {
	kind := item.Get("type").Str
	action := rawOr(item.Get(builtIn[kind]), "{}")
	return t.addCall(item, strings.TrimSuffix(kind, "_call"), quote(action), path)
}

// addCall writes a call; arguments is a JSON string.
func (t *turn) addCall(item gjson.Result, name, arguments, path string) error {
	id := callID(item)
	if !isText(id) {
		return fault(path+".call_id", "must be a string that is not empty")
	}
	t.calls = add(next(t.calls), `{"id":`, id.Raw, `,"type":"function","function":{"name":`, quote(name),
		`,"arguments":`, arguments, "}}")
	return nil
}

// callID is what call and output have in common. The output of a local shell has
// only an id, which is that of the call.
func callID(item gjson.Result) gjson.Result {
	if id := item.Get("call_id"); isText(id) {
		return id
	}
	return item.Get("id")
}

// output writes the result of a call. Images and files in it stay where they
// are: models that can see read them there, and in a message of their own they
// would stand between the results of parallel calls.
func (e *encoder) output(item gjson.Result, path string) error {
	id := callID(item)
	if !isText(id) {
		return fault(path+".call_id", "must be a string that is not empty")
	}
	output := item.Get("output")
	var content string
	switch {
	case isEmpty(output):
		content = `""`
	case output.IsArray() && isParts(output):
		var err error
		if content, err = contentOf(output, path+".output"); err != nil {
			return err
		}
	default:
		content = asText(output)
	}
	e.messages = append(e.messages, path)
	e.b = add(next(e.b), `{"role":"tool","tool_call_id":`, id.Raw, `,"content":`, content, "}")
	return nil
}

// isParts tells a list of content parts from what a shell puts out.
func isParts(output gjson.Result) bool {
	return output.Get("0.type").Exists()
}
