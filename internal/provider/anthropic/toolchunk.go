package anthropic

import "github.com/tidwall/gjson"

// The chunks of tool calls, in the three forms that Chat Completions has.

func (w *chunkWriter) toolBegin(number int, id, name gjson.Result) []byte {
	w.openTool(number)
	w.buf = append(append(w.buf, `,"id":`...), rawString(id)...)
	w.buf = append(append(w.buf, `,"type":"function","function":{"name":`...), rawString(name)...)
	w.buf = append(w.buf, `,"arguments":""}}]`...)
	return w.close(unfinished)
}

// toolInput writes a fragment of arguments.
func (w *chunkWriter) toolInput(number int, raw string) []byte {
	w.openTool(number)
	w.buf = append(append(w.buf, `,"function":{"arguments":`...), raw...)
	w.buf = append(w.buf, "}}]"...)
	return w.close(unfinished)
}

func (w *chunkWriter) customBegin(number int, id, name gjson.Result) []byte {
	w.openTool(number)
	w.buf = append(append(w.buf, `,"id":`...), rawString(id)...)
	w.buf = append(append(w.buf, `,"type":"custom","custom":{"name":`...), rawString(name)...)
	w.buf = append(w.buf, `,"input":""}}]`...)
	return w.close(unfinished)
}

func (w *chunkWriter) customInput(number int, raw string) []byte {
	w.openTool(number)
	w.buf = append(append(w.buf, `,"custom":{"input":`...), raw...)
	w.buf = append(w.buf, "}}]"...)
	return w.close(unfinished)
}

func (w *chunkWriter) legacyBegin(name gjson.Result) []byte {
	w.open()
	w.buf = append(append(w.buf, `"function_call":{"name":`...), rawString(name)...)
	w.buf = append(w.buf, `,"arguments":""}`...)
	return w.close(unfinished)
}

func (w *chunkWriter) legacyInput(raw string) []byte {
	w.open()
	w.buf = append(append(w.buf, `"function_call":{"arguments":`...), raw...)
	w.buf = append(w.buf, '}')
	return w.close(unfinished)
}
