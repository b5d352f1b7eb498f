package anthropic

import "github.com/tidwall/gjson"

// writeSystem writes the leading system and developer messages as the system
// prompt, one block for each text, and returns how many messages that took.
// They stay apart rather than joined, so that a breakpoint between them keeps
// its place. The notes come last: they vary while the prompt does not.
func (e *encoder) writeSystem(all []gjson.Result) (int, error) {
	var blocks []byte
	n := 0
	for ; n < len(all) && isSystem(all[n].Get("role").Str); n++ {
		m := readMessage(n, all[n])
		before := len(blocks)
		var err error
		if blocks, err = appendParts(blocks, m.content, systemParts, m.at); err != nil {
			return 0, err
		}
		if len(blocks) > before {
			blocks = appendMark(blocks, m.mark)
		}
	}
	for _, note := range e.systemNotes() {
		blocks = appendText(blocks, string(gjson.AppendJSONString(nil, note)))
	}
	if len(blocks) > 0 {
		e.raw("system", "["+string(blocks)+"]")
	}
	return n, nil
}

// systemNotes are instructions in place of parameters without a counterpart.
func (e *encoder) systemNotes() []string {
	var notes []string
	if wantsJSON(e.get("response_format")) {
		notes = append(notes, "Answer with one JSON object and nothing else: no text around it, no code fence.")
	}
	switch e.get("verbosity").Str {
	case "low":
		notes = append(notes, "Keep the answer short.")
	case "high":
		notes = append(notes, "Answer at length and in detail.")
	}
	return append(notes, e.choiceNotes()...)
}

// lateSystem translates a system message that stands within the conversation.
// To hoist it to the front would change the prefix of every later request and
// lose its cache. Newer models take it as a turn of its own, which must follow
// the user's and end there: it is held until it is known what comes next. In
// any other place, and for older models, it is put into the user's turn in a
// wrapping that tells it from the user's words.
func (c *conversation) lateSystem(m message) error {
	parts := systemParts
	parts.wrap = true
	wrapped, err := appendParts(c.scratch[:0], m.content, parts, m.at)
	if err != nil {
		return err
	}
	if !c.systemTurns || c.role != user || c.calls.any() {
		return c.add(user, appendMark(wrapped, m.mark))
	}
	if len(wrapped) == 0 {
		return nil
	}
	c.heldWrapped = append(next(c.heldWrapped), appendMark(wrapped, m.mark)...)
	c.keep(wrapped)
	plain, err := appendParts(c.scratch[:0], m.content, systemParts, m.at)
	if err != nil {
		return err
	}
	c.heldPlain = append(next(c.heldPlain), appendMark(plain, m.mark)...)
	c.keep(plain)
	return nil
}

// release writes the system messages that were held, now that role follows:
// empty at the end.
func (c *conversation) release(role string) error {
	if len(c.heldPlain) == 0 {
		return nil
	}
	if role == user {
		c.b = append(next(c.b), c.heldWrapped...)
	} else {
		if err := c.turnTo(system); err != nil {
			return err
		}
		c.b = append(c.b, c.heldPlain...)
	}
	c.heldPlain, c.heldWrapped = c.heldPlain[:0], c.heldWrapped[:0]
	return nil
}
