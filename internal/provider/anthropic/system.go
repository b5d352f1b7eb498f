package anthropic

import (
	"fmt"

	"github.com/tidwall/gjson"
)

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
	if !e.choice.forced() || e.is.forced {
		return notes
	}
	if e.choice.kind == "any" {
		return append(notes, "Answer by calling one of the tools.")
	}
	return append(notes, fmt.Sprintf("Answer by calling the tool %s.", e.choice.name))
}

// lateSystem puts a system message that stands within the conversation into
// the user's turn at its place, in a wrapping that tells it from the user's
// words. Hoisting it to the front would change the prefix of every later
// request and lose its cache; a real system turn in the middle is what newer
// models offer, and this is where it will be decided.
func (c *conversation) lateSystem(m message) error {
	parts := systemParts
	parts.wrap = true
	blocks, err := appendParts(c.scratch[:0], m.content, parts, m.at)
	if err != nil {
		return err
	}
	return c.add(user, appendMark(blocks, m.mark))
}
