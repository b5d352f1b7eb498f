package anthropic

// Roles of the Messages API.
const (
	user      = "user"
	assistant = "assistant"
	system    = "system" // within the conversation; not all models know it
)

// placeholder is the user turn that stands where the Messages API wants one
// and the client sent none: before a leading assistant message, and beside a
// lone system prompt. Blank text is refused there, so it is the least that is
// not blank.
const placeholder = `{"type":"text","text":"."}`

// conversation writes the messages array. OpenAI's messages become turns that
// alternate between user and assistant: neighbours of one role are merged,
// which the API would do too, but the results of parallel tool calls must come
// in one turn, and before anything else that is said in it.
type conversation struct {
	b       []byte // the body; it ends within the open turn
	role    string // of the open turn; empty before the first
	calls   openCalls
	late    []byte // what the user said before the last result came
	scratch []byte // for the blocks of one message

	systemTurns            bool   // the model takes the role system
	heldPlain, heldWrapped []byte // system messages that follow the user's turn, see lateSystem

	legacy          int  // calls made by function_call
	called, thought bool // the last assistant turn holds calls; began with a thought
	history         history
}

// history is what later steps ask about the messages.
type history struct {
	// prefill: the last turn is the assistant's, to be continued.
	prefill bool
	// thoughtless: the assistant's last turn called tools without having kept
	// its thoughts, so thinking cannot be turned on in the middle of the loop.
	thoughtless bool
	// usedTools: there are tool calls.
	usedTools bool
	// answered: the user spoke again after the assistant did.
	answered bool
	// prefix is the text of a prefill that the client wants to read again at the
	// front of the answer, raw JSON without quotes.
	prefix string
	seen   seen
}

// add appends blocks, comma-separated JSON objects, to the turn of role. They
// may lie in scratch.
func (c *conversation) add(role string, blocks []byte) error {
	c.keep(blocks)
	if len(blocks) == 0 {
		return nil
	}
	if err := c.release(role); err != nil {
		return err
	}
	if err := c.turnTo(role); err != nil {
		return err
	}
	if role == user && c.calls.any() {
		c.late = append(next(c.late), blocks...)
		return nil
	}
	c.b = append(next(c.b), blocks...)
	return nil
}

// addResult appends a tool result to the user's turn. The call has been taken
// off the open ones: after the last of them what was held back can follow.
func (c *conversation) addResult(block []byte) error {
	c.keep(block)
	if err := c.turnTo(user); err != nil {
		return err
	}
	c.b = append(next(c.b), block...)
	if !c.calls.any() && len(c.late) > 0 {
		c.b = append(next(c.b), c.late...)
		c.late = c.late[:0]
	}
	return nil
}

// keep has scratch grow with what was built in it.
func (c *conversation) keep(built []byte) {
	if cap(built) > cap(c.scratch) {
		c.scratch = built
	}
}

// turnTo makes role the one that speaks.
func (c *conversation) turnTo(role string) error {
	if c.role == role {
		return nil
	}
	if c.role == "" && role == assistant {
		c.begin(user)
		c.b = append(c.b, placeholder...)
	}
	if err := c.end(); err != nil {
		return err
	}
	c.begin(role)
	return nil
}

func (c *conversation) begin(role string) {
	c.history.answered = c.history.answered || c.role == assistant && role == user
	c.b = append(append(append(next(c.b), `{"role":"`...), role...), `","content":[`...)
	c.role = role
}

// end ends the open turn, if there is one. A user's must have answered all
// calls of the assistant's before it.
func (c *conversation) end() error {
	if c.role == user {
		if err := c.calls.allAnswered(); err != nil {
			return err
		}
	}
	if c.role != "" {
		c.b = append(c.b, "]}"...)
	}
	return nil
}

// finish ends the last turn.
func (c *conversation) finish() error {
	if err := c.calls.allAnswered(); err != nil {
		return err
	}
	if c.role == "" {
		c.begin(user)
		c.b = append(c.b, placeholder...)
	}
	if err := c.release(""); err != nil {
		return err
	}
	c.history.prefill, c.history.thoughtless = c.role == assistant, c.called && !c.thought
	return c.end()
}
