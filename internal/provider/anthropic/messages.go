package anthropic

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// message is one message of the client, its fields found in a single pass:
// content can be long, and every search by name would walk over it.
type message struct {
	at   string // its path, for errors
	n    int    // its index
	last bool

	role, content, refusal         gjson.Result
	toolCalls, toolCallID, isError gjson.Result
	functionCall                   gjson.Result
	thinkingBlocks, reasoning      gjson.Result
	mark                           gjson.Result
}

func readMessage(n int, v gjson.Result) message {
	m := message{at: fmt.Sprintf("messages[%d]", n), n: n}
	v.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "role":
			m.role = v
		case "content":
			m.content = v
		case "refusal":
			m.refusal = v
		case "tool_calls":
			m.toolCalls = v
		case "tool_call_id":
			m.toolCallID = v
		case "is_error":
			m.isError = v
		case "function_call":
			m.functionCall = v
		case "thinking_blocks":
			m.thinkingBlocks = v
		case "reasoning_details":
			m.reasoning = v
		case "cache_control":
			m.mark = v
		}
		return true
	})
	return m
}

func isSystem(role string) bool { return role == "system" || role == "developer" }

// writeMessages writes system and messages.
func (e *encoder) writeMessages() error {
	all := e.get("messages").Array()
	rest, err := e.writeSystem(all)
	if err != nil {
		return err
	}
	e.key("messages")
	c := conversation{b: append(e.b, '[')}
	for n := rest; n < len(all); n++ {
		m := readMessage(n, all[n])
		m.last = n == len(all)-1
		if err := c.message(m); err != nil {
			return err
		}
	}
	if err := c.finish(); err != nil {
		return err
	}
	e.history = c.history
	if c.history.prefill && !e.is.prefill {
		return paramError(fmt.Sprintf("messages[%d]", len(all)-1),
			"the model %s does not continue an assistant message; end with a user message", e.model)
	}
	e.b = append(c.b, ']')
	return nil
}

// message appends what one message of the client says.
func (c *conversation) message(m message) error {
	switch m.role.Str {
	case "system", "developer":
		return c.lateSystem(m)
	case "user":
		blocks, err := appendParts(c.scratch[:0], m.content, userParts, m.at)
		if err != nil {
			return err
		}
		return c.add(user, appendMark(blocks, m.mark))
	case "assistant":
		return c.assistant(m)
	case "tool":
		return c.toolResult(m)
	default: // chat.Parse lets one other role pass
		return paramError(m.at+".role", "\"function\" is not supported; use \"tool\", which replaced it")
	}
}

func (c *conversation) assistant(m message) error {
	if given(m.functionCall) {
		return paramError(m.at+".function_call", "is not supported; use tool_calls, which replaced it")
	}
	thoughts := appendThoughts(c.scratch[:0], m)
	parts := textParts
	parts.trimEnd = m.last // a prefill must not end in white space
	blocks, err := appendParts(thoughts, m.content, parts, m.at)
	if err != nil {
		return err
	}
	if isString(m.refusal) && !isBlank(m.refusal) {
		blocks = appendText(blocks, m.refusal.Raw)
	}
	blocks, calls, err := appendCalls(blocks, m)
	if err != nil {
		return err
	}
	if len(blocks) > len(thoughts) { // a thinking block cannot carry a breakpoint
		blocks = appendMark(blocks, m.mark)
	}
	begins := c.role != assistant
	if err := c.add(assistant, blocks); err != nil || len(blocks) == 0 {
		return err
	}
	if begins {
		c.called, c.thought = false, len(thoughts) > 0
	}
	c.called = c.called || len(calls) > 0
	c.calls.begin(calls)
	return nil
}

func (c *conversation) toolResult(m message) error {
	if !isString(m.toolCallID) || !c.calls.answer(m.toolCallID.Str) {
		return paramError(m.at+".tool_call_id", "%q is no open tool call of the assistant message before", m.toolCallID.Str)
	}
	dst := appendToolID(append(c.scratch[:0], `{"type":"tool_result","tool_use_id":`...), m.toolCallID)
	bare := len(dst)
	dst = append(dst, `,"content":[`...)
	empty := len(dst)
	dst, err := appendParts(dst, m.content, toolParts, m.at)
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
