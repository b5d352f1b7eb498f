package openai

import "github.com/tidwall/gjson"

// progress tells which choices of an answer have ended. There is usually one;
// with n > 1 their chunks are interleaved.
type progress struct {
	ended map[int64]bool
}

// read takes in the choices of one chunk and reports whether they carry
// generated output.
func (p *progress) read(choices gjson.Result) (content bool) {
	choices.ForEach(func(_, choice gjson.Result) bool {
		reason := choice.Get("finish_reason").Type == gjson.String
		p.mark(choice.Get("index").Int(), reason)
		content = content || reason || hasOutput(choice.Get("delta")) || choice.Get("text").Str != "" // text: legacy completions
		return true
	})
	return content
}

// mark leaves a choice ended once it is: some servers send an empty delta after.
func (p *progress) mark(index int64, ended bool) {
	if p.ended == nil {
		p.ended = make(map[int64]bool, 1)
	}
	p.ended[index] = p.ended[index] || ended
}

// complete reports whether there were choices and all have ended.
func (p *progress) complete() bool {
	for _, ended := range p.ended {
		if !ended {
			return false
		}
	}
	return len(p.ended) > 0
}

// hasOutput reports whether anything but the role is set in a delta. It names no
// fields, so that it holds for content, refusal, tool_calls, reasoning_content,
// reasoning, audio and whatever comes next: to take new output for none would
// hold it back from the client.
func hasOutput(delta gjson.Result) (found bool) {
	delta.ForEach(func(field, value gjson.Result) bool {
		found = field.Str != "role" && !isEmpty(value)
		return !found
	})
	return found
}

// isEmpty reports whether v is absent, null, "", [] or {}.
func isEmpty(v gjson.Result) bool {
	switch v.Type {
	case gjson.Null:
		return true
	case gjson.String:
		return v.Str == ""
	case gjson.JSON:
		empty := true
		v.ForEach(func(_, _ gjson.Result) bool {
			empty = false
			return false
		})
		return empty
	}
	return false
}
