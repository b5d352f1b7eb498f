package bedrock

import "github.com/tidwall/gjson"

// Roles of Messages and of Converse.
const (
	user      = "user"
	assistant = "assistant"
)

// placeholder is the least that is not blank. It stands where Converse wants a
// text and the client sent none: in an empty turn, beside a document, and in
// the result of a tool that said nothing.
const placeholder = `{"text":"."}`

// turn is the turn being written. Converse wants user and assistant to
// alternate, which Messages does not.
type turn struct {
	role                           string // empty before the first
	hasBlock, hasText, hasDocument bool
}

// messages writes the conversation.
func (c *conversing) messages() error {
	c.w.key("messages").open('[')
	for _, m := range arrayOf(c.get("messages")) {
		c.turnTo(m.Get("role").Str)
		if err := c.content(m.Get("content")); err != nil {
			return err
		}
	}
	c.endTurn()
	if c.turn.role == "" {
		c.turnTo(user)
		c.endTurn()
	}
	c.w.end(']')
	return nil
}

// turnTo makes role the one that speaks. A system message within the
// conversation, which newer models of Anthropic's have, is the user's here.
func (c *conversing) turnTo(role string) {
	if role != assistant {
		role = user
	}
	if c.turn.role == role {
		return
	}
	if c.turn.role == "" && role == assistant {
		c.turnTo(user) // an assistant cannot speak first
	}
	c.endTurn()
	c.turn = turn{role: role}
	c.w.open('{').key("role").text(role).key("content").open('[')
}

func (c *conversing) endTurn() {
	if c.turn.role == "" {
		return
	}
	if !c.turn.hasBlock || c.turn.hasDocument && !c.turn.hasText {
		c.w.raw(placeholder)
	}
	c.w.end(']').end('}')
}

// content writes the content of one message: a text or blocks.
func (c *conversing) content(content gjson.Result) error {
	if isString(content) {
		c.say(content)
		return nil
	}
	for _, block := range arrayOf(content) {
		before := len(c.w.b)
		if err := c.block(block); err != nil {
			return err
		}
		if len(c.w.b) > before {
			c.mark(block)
		}
	}
	return nil
}

// say writes a text block, unless it is blank.
func (c *conversing) say(text gjson.Result) {
	if !isString(text) || isBlank(text) {
		return
	}
	c.w.open('{').key("text").raw(text.Raw).end('}')
	c.turn.hasBlock, c.turn.hasText = true, true
}
