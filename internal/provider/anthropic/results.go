package anthropic

import "github.com/tidwall/gjson"

// toolResult translates a tool message.
func (c *conversation) toolResult(m message) error {
	if !isString(m.toolCallID) || !c.calls.answer(m.toolCallID.Str) {
		return paramError(m.at+".tool_call_id", "%q is no open tool call of the assistant message before", m.toolCallID.Str)
	}
	return c.result(m, m.toolCallID)
}

// functionResult translates a function message, which answers the last
// function_call and has no id to say so.
func (c *conversation) functionResult(m message) error {
	id := legacyID(c.legacy)
	if !c.calls.answer(id.Str) {
		return paramError(m.at+".role", "a function message must follow the function_call that it answers")
	}
	return c.result(m, id)
}

func (c *conversation) result(m message, id gjson.Result) error {
	dst := appendToolID(append(c.scratch[:0], `{"type":"tool_result","tool_use_id":`...), id)
	bare := len(dst)
	dst = append(dst, `,"content":[`...)
	empty := len(dst)
	dst, err := appendParts(dst, m.content, c.media(toolParts), m.at)
	if err != nil {
		return err
	}
	if len(dst) > empty {
		dst = append(dst, ']')
	} else {
		dst = dst[:bare] // a result that says nothing has no content at all
	}
	if m.isError.Type == gjson.True { // no field of OpenAI's, but the only way to say it
		dst = append(dst, `,"is_error":true`...)
	}
	return c.addResult(appendMark(append(dst, '}'), m.mark))
}
