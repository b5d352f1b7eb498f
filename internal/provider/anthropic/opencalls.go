package anthropic

// toolCall is a call in the history; path is its place, for errors.
type toolCall struct{ id, path string }

// openCalls are the calls of one assistant turn, each of which must get its
// result in the user turn after it. The zero value is ready to use.
type openCalls struct {
	made    []toolCall
	waiting map[string]int // by id, how many calls have no result yet
}

// begin adds calls of the open assistant turn.
func (o *openCalls) begin(calls []toolCall) {
	if !o.any() {
		o.made, o.waiting = o.made[:0], make(map[string]int, len(calls))
	}
	o.made = append(o.made, calls...)
	for _, c := range calls {
		o.waiting[c.id]++
	}
}

// any reports whether a call has no result yet.
func (o *openCalls) any() bool { return len(o.waiting) > 0 }

// answer notes a result; false when no open call has that id.
func (o *openCalls) answer(id string) bool {
	n := o.waiting[id]
	if n == 1 {
		delete(o.waiting, id)
	} else if n > 1 {
		o.waiting[id] = n - 1
	}
	return n > 0
}

// allAnswered returns an error about the first call without a result. An
// interrupted client leaves such; the provider would refuse them less clearly.
func (o *openCalls) allAnswered() error {
	if !o.any() {
		return nil
	}
	for _, c := range o.made {
		if o.waiting[c.id] > 0 {
			return paramError(c.path, "tool call %q has no result: a message with role \"tool\" and this tool_call_id must follow", c.id)
		}
	}
	return nil
}
