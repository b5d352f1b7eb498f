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

	role, name, content, refusal   gjson.Result
	toolCalls, toolCallID, isError gjson.Result
	functionCall                   gjson.Result
	thinkingBlocks, reasoning      gjson.Result
	serverBlocks                   gjson.Result
	prefix                         gjson.Result
	mark                           gjson.Result
}

func readMessage(n int, v gjson.Result) message {
	m := message{at: fmt.Sprintf("messages[%d]", n), n: n}
	v.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "role":
			m.role = v
		case "name":
			m.name = v
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
		case "server_blocks":
			m.serverBlocks = v
		case "prefix":
			m.prefix = v
		case "cache_control":
			m.mark = v
		case "prompt_cache_breakpoint":
			if !m.mark.Exists() {
				m.mark = breakpoint(v)
			}
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
	c := conversation{b: append(e.b, '['), systemTurns: e.is.SystemTurns}
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
	e.b = append(c.b, ']')
	if c.history.prefill {
		return e.checkPrefill(fmt.Sprintf("messages[%d]", len(all)-1))
	}
	return nil
}

// checkPrefill refuses a trailing assistant message where it cannot be
// continued; at is its path.
func (e *encoder) checkPrefill(at string) error {
	switch {
	case !e.is.Prefill:
		return paramError(at, "the model %s does not continue an assistant message; end with a user message", e.model)
	case e.thinksNatively():
		return paramError(at, "an assistant message cannot be continued while thinking is on; end with a user message or leave thinking out")
	case e.format.schema.Exists():
		return paramError(at, "an assistant message cannot be continued in a given response_format; end with a user message")
	}
	return nil
}

// message appends what one message of the client says.
func (c *conversation) message(m message) error {
	switch m.role.Str {
	case "system", "developer":
		return c.lateSystem(m)
	case "user":
		blocks, err := appendParts(c.scratch[:0], m.content, c.media(userParts), m.at)
		if err != nil {
			return err
		}
		return c.add(user, appendMark(blocks, m.mark))
	case "assistant":
		return c.assistant(m)
	case "tool":
		return c.toolResult(m)
	default: // function, the one other role that chat.Parse lets pass
		return c.functionResult(m)
	}
}

// media makes rules note what the parts refer to.
func (c *conversation) media(rules partRules) partRules {
	rules.seen = &c.history.seen
	return rules
}

func (c *conversation) assistant(m message) error {
	blocks := appendThoughts(c.scratch[:0], m)
	thoughts := len(blocks)
	blocks, err := appendServerBlocks(blocks, m)
	if err != nil {
		return err
	}
	said := len(blocks)
	parts := textParts
	parts.trimEnd = m.last // a prefill must not end in white space
	if blocks, err = appendParts(blocks, m.content, parts, m.at); err != nil {
		return err
	}
	if isString(m.refusal) && !isBlank(m.refusal) {
		blocks = appendText(blocks, m.refusal.Raw)
	}
	if m.last && m.prefix.Type == gjson.True {
		c.history.prefix = textOf(blocks[said:])
	}
	blocks, calls, err := c.appendCalls(blocks, m)
	if err != nil {
		return err
	}
	if len(blocks) > thoughts { // a thinking block cannot carry a breakpoint
		blocks = appendMark(blocks, m.mark)
	}
	return c.addAssistant(blocks, calls, thoughts > 0)
}

// addAssistant adds what an assistant message became to the assistant's turn.
func (c *conversation) addAssistant(blocks []byte, calls []toolCall, thought bool) error {
	begins := c.role != assistant || len(c.heldPlain) > 0
	if err := c.add(assistant, blocks); err != nil || len(blocks) == 0 {
		return err
	}
	if begins {
		c.called, c.thought = false, thought
	}
	c.called = c.called || len(calls) > 0
	c.history.usedTools = c.history.usedTools || c.called
	c.calls.begin(calls)
	return nil
}

// textOf joins the texts of blocks, raw JSON without quotes.
func textOf(blocks []byte) string {
	text := ""
	for _, b := range gjson.Parse("[" + string(blocks) + "]").Array() {
		text += inner(b.Get("text"))
	}
	return text
}
