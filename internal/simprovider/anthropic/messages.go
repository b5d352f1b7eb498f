package anthropic

import (
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

func at(path string, i int) string { return path + "." + strconv.Itoa(i) }

func (p *parser) messages(list gjson.Result) {
	p.must(list.Exists(), "messages", "Field required")
	p.must(list.IsArray(), "messages", "Input should be a valid list")
	all := list.Array()
	p.must(len(all) > 0, "messages", "at least one message is required")
	var turns []turn
	for i, m := range all {
		path, role := at("messages", i), m.Get("role").Str
		p.extra(m.Map(), path, "role", "content")
		p.role(role, i, all, path)
		if i == 0 || role != all[i-1].Get("role").Str {
			turns = append(turns, turn{role: role, message: i})
		}
		t := &turns[len(turns)-1]
		t.items = append(t.items, p.content(m.Get("content"), role, path, i == len(all)-1)...)
	}
	if p.bad == nil {
		p.pairs(turns)
		p.ending(turns)
		p.lastWords(turns)
	}
}

func (p *parser) role(role string, i int, all []gjson.Result, path string) {
	if role == "system" {
		p.must(p.prompt.Model.SystemTurns, "messages", `Unexpected role "system". The Messages API accepts a top-level `+"`system`"+` parameter, not "system" as an input message role.`)
		p.must(i > 0 && all[i-1].Get("role").Str == "user", path, "a system message must follow a user message")
		p.must(i == len(all)-1 || all[i+1].Get("role").Str == "assistant", path, "a system message must be last or precede an assistant message")
		return
	}
	p.must(role == "user" || role == "assistant", path+".role", "Input should be 'user' or 'assistant'")
	p.must(i > 0 || role == "user", "messages", `first message must use the "user" role`)
}

// content reads one message's content as items of its turn.
func (p *parser) content(c gjson.Result, role, path string, last bool) []item {
	p.must(c.Exists(), path+".content", "Field required")
	p.must(c.Type == gjson.String || c.IsArray(), path+".content", "Input should be a valid string or a valid list")
	empty := c.Raw == `""` || len(c.Array()) == 0
	if role == "assistant" {
		p.must(!empty || last, path, "all messages must have non-empty content except for the optional final assistant message")
	} else {
		p.must(!empty, path, role+" messages must have non-empty content")
	}
	if c.Type == gjson.String {
		p.must(empty || strings.TrimSpace(c.Str) != "", "messages", "text content blocks must contain non-whitespace text")
		p.place(c, messageTokens+dialogue.Tokens(len(c.Str)), path)
		return []item{{kind: "text", text: c.Str}}
	}
	var items []item
	for i, b := range c.Array() {
		items = append(items, p.block(b, role, at(path+".content", i)))
	}
	return items
}

// messageTokens is what a message costs beside its text.
const messageTokens = 3

// turn is a run of messages of one role, which the API merges into one.
type turn struct {
	role    string
	message int // index of its first message
	items   []item
}

// item is what the rules about turns need to know of a block.
type item struct {
	kind  string // the block's type
	id    string // of a tool_use, or the one a tool_result answers
	text  string // of a text, a thinking or a tool_result
	media dialogue.Media
}

func (t turn) ids(kind string) []string {
	var ids []string
	for _, it := range t.items {
		if it.kind == kind {
			ids = append(ids, it.id)
		}
	}
	return ids
}

// results are the ids that the turn begins with. A result after anything else
// comes too late for the API: "immediately after" is meant literally.
func (t turn) results() []string {
	var ids []string
	for _, it := range t.items {
		if it.kind != "tool_result" {
			break
		}
		ids = append(ids, it.id)
	}
	return ids
}

// pairs checks that every call has its one result in the turn that follows,
// and every result its call in the turn before.
func (p *parser) pairs(turns []turn) {
	seen := map[string]bool{}
	for i, t := range turns {
		path := at("messages", t.message)
		open := map[string]bool{}
		if i > 0 {
			for _, id := range turns[i-1].ids("tool_use") {
				open[id] = true
			}
		}
		for _, id := range t.ids("tool_result") {
			p.must(open[id], path+".content", "unexpected `tool_use_id` found in `tool_result` blocks: "+id+
				". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.")
		}
		for _, id := range t.results() {
			p.must(open[id], path+".content", "each tool_use must have a single result. Found multiple `tool_result` blocks with id: "+id)
			delete(open, id)
		}
		p.unanswered(i, turns, open)
		for _, id := range t.ids("tool_use") {
			p.must(!seen[id], path+".content", "`tool_use` ids must be unique")
			seen[id] = true
		}
	}
	p.must(len(turns[len(turns)-1].ids("tool_use")) == 0, at("messages", turns[len(turns)-1].message),
		"`tool_use` ids were found without `tool_result` blocks immediately after: "+strings.Join(turns[len(turns)-1].ids("tool_use"), ", "))
}

func (p *parser) unanswered(i int, turns []turn, open map[string]bool) {
	if len(open) == 0 {
		return
	}
	var missing []string
	for _, id := range turns[i-1].ids("tool_use") {
		if open[id] {
			missing = append(missing, id)
		}
	}
	p.must(false, at("messages", turns[i-1].message), "`tool_use` ids were found without `tool_result` blocks immediately after: "+
		strings.Join(missing, ", ")+". Each `tool_use` block must have a corresponding `tool_result` block in the next message.")
}

// ending checks what depends on how the conversation ends.
func (p *parser) ending(turns []turn) {
	last := turns[len(turns)-1]
	if last.role == "assistant" {
		p.must(p.prompt.Model.Prefill, "", "This model does not support assistant message prefill. The conversation must end with a user message.")
		if len(last.items) > 0 {
			text := last.items[len(last.items)-1].text
			p.must(text == strings.TrimRight(text, " \t\r\n"), "messages", "final assistant content cannot end with trailing whitespace")
		}
		return
	}
	// Manual thinking wants a tool loop to be begun by a thinking block.
	if p.top["thinking"].Get("type").Str != "enabled" || len(last.results()) == 0 {
		return
	}
	call := turns[len(turns)-2]
	first := call.items[0].kind
	p.must(first == "thinking" || first == "redacted_thinking", at("messages", call.message)+".content.0.type",
		"Expected `thinking` or `redacted_thinking`, but found `"+first+"`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceding the lastmost set of `tool_use` and `tool_result` blocks).")
}

// lastWords tells the prompt what the user's last turn holds.
func (p *parser) lastWords(turns []turn) {
	i := len(turns) - 1
	for turns[i].role != "user" {
		i-- // ends at the first turn, which is the user's
	}
	var texts []string
	for _, it := range turns[i].items {
		switch {
		case it.kind == "text":
			texts = append(texts, it.text)
		case it.kind == "tool_result":
			p.prompt.Results = append(p.prompt.Results, it.text)
		case it.media.Type != "":
			p.prompt.Media = append(p.prompt.Media, it.media)
		}
	}
	p.prompt.Text = strings.Join(texts, "\n")
	p.prompt.Demands = dialogue.Demands(p.prompt.Text)
}
