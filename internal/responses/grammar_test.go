package responses

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkGrammar is a client that trusts nothing: it builds the response up from
// the events, as the SDKs' helpers do, and wants to end with what the last event
// says.
func checkGrammar(t reporter, all []sent) {
	t.Helper()
	c := &client{t: t}
	for i, e := range all {
		if got := e.data.Get("sequence_number"); got.Type != gjson.Number || got.Int() != int64(i) {
			t.Errorf("event %d has sequence_number %s", i, got.Raw)
		}
		if got := e.data.Get("type").Str; got != e.name {
			t.Errorf("event %d is named %q and says it is %q", i, e.name, got)
		}
		if !gjson.Valid(e.data.Raw) {
			t.Errorf("event %d is not JSON: %s", i, e.data.Raw)
		}
		c.event(i, e.name, e.data)
	}
	if !c.ended {
		t.Errorf("the stream has no last event")
	}
}

type client struct {
	t     reporter
	id    string
	items []*clientItem
	ended bool
}

type clientItem struct {
	id, kind    string
	parts       []string // texts, as far as they have come
	open        int      // index of the open part; -1 if none
	arguments   strings.Builder
	saidWhole   bool
	done        gjson.Result
	annotations []string
}

func (c *client) event(i int, name string, e gjson.Result) {
	if (name == "response.created") != (i == 0) || (name == "response.in_progress") != (i == 1) {
		c.t.Errorf("event %d is %s", i, name)
	}
	if c.ended {
		c.t.Errorf("event %d, %s, comes after the end", i, name)
	}
	switch name {
	case "response.created", "response.in_progress":
		c.lifecycle(e.Get("response"), "in_progress")
	case "response.completed", "response.incomplete":
		c.ended = true
		c.lifecycle(e.Get("response"), strings.TrimPrefix(name, "response."))
		c.compareEnd(e.Get("response.output").Array())
	case "response.output_item.added":
		c.added(e)
	default:
		c.itemEvent(name, e)
	}
}

func (c *client) lifecycle(r gjson.Result, status string) {
	if c.id == "" {
		c.id = r.Get("id").Str
	}
	if got := r.Get("id").Str; got != c.id || !strings.HasPrefix(got, "resp_") {
		c.t.Errorf("response has id %q, want %q", got, c.id)
	}
	if got := r.Get("status").Str; got != status {
		c.t.Errorf("response has status %q, want %q", got, status)
	}
	checkRequired(c.t, r)
}

// checkRequired wants the keys that OpenAI's specification requires.
func checkRequired(t reporter, r gjson.Result) {
	t.Helper()
	for _, key := range []string{"id", "object", "created_at", "error", "incomplete_details", "instructions", "model",
		"tools", "output", "parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p"} {
		if !r.Get(key).Exists() {
			t.Errorf("response has no %s", key)
		}
	}
}

func (c *client) added(e gjson.Result) {
	if got := e.Get("output_index").Int(); got != int64(len(c.items)) {
		c.t.Errorf("item added at %d, want %d", got, len(c.items))
	}
	item := e.Get("item")
	if got := item.Get("status").Str; got != "in_progress" {
		c.t.Errorf("item added with status %q", got)
	}
	for _, other := range c.items {
		if other.id == item.Get("id").Str {
			c.t.Errorf("two items have the id %q", other.id)
		}
	}
	c.items = append(c.items, &clientItem{id: item.Get("id").Str, kind: item.Get("type").Str, open: -1})
}

func (c *client) itemEvent(name string, e gjson.Result) {
	n := e.Get("output_index").Int()
	if !e.Get("output_index").Exists() || n < 0 || n >= int64(len(c.items)) {
		c.t.Errorf("%s is about item %s, which was not added", name, e.Get("output_index").Raw)
		return
	}
	item := c.items[n]
	if item.done.Exists() {
		c.t.Errorf("%s is about item %d, which has ended", name, n)
	}
	if name == "response.output_item.done" {
		c.done(item, e.Get("item"))
		return
	}
	if got := e.Get("item_id").Str; got != item.id {
		c.t.Errorf("%s is about item %q, want %q", name, got, item.id)
	}
	if err := item.event(strings.TrimPrefix(name, "response."), e); err != nil {
		c.t.Errorf("%s: %v", name, err)
	}
}

func (i *clientItem) event(name string, e gjson.Result) error {
	at := int(e.Get("content_index").Int() + e.Get("summary_index").Int())
	switch name {
	case "content_part.added", "reasoning_summary_part.added":
		if i.open >= 0 || at != len(i.parts) {
			return fmt.Errorf("part %d begins while %d is open and %d have been", at, i.open, len(i.parts))
		}
		i.open = at
		i.parts = append(i.parts, "")
		return nil
	case "function_call_arguments.delta", "custom_tool_call_input.delta":
		i.arguments.WriteString(e.Get("delta").Str)
		return wantKind(i, map[byte]string{'f': "function_call", 'c': "custom_tool_call"}[name[0]])
	case "function_call_arguments.done", "custom_tool_call_input.done":
		i.saidWhole = true
		return same("arguments", e.Get("arguments").Str+e.Get("input").Str, i.arguments.String())
	}
	if i.open != at {
		return fmt.Errorf("part %d is not the open one, %d", at, i.open)
	}
	switch name {
	case "output_text.delta", "refusal.delta", "reasoning_text.delta", "reasoning_summary_text.delta":
		i.parts[at] += e.Get("delta").Str
	case "output_text.done", "refusal.done", "reasoning_text.done", "reasoning_summary_text.done":
		return same("text", e.Get("text").Str+e.Get("refusal").Str, i.parts[at])
	case "output_text.annotation.added":
		i.annotations = append(i.annotations, e.Get("annotation").Raw)
	case "content_part.done", "reasoning_summary_part.done":
		i.open = -1
		return same("part", e.Get("part.text").Str+e.Get("part.refusal").Str, i.parts[at])
	default:
		return fmt.Errorf("is not known")
	}
	return nil
}

func wantKind(i *clientItem, kind string) error { return same("kind of item", i.kind, kind) }

func same(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: got %q, want %q", what, got, want)
	}
	return nil
}

// done compares the item with what its events have made.
func (c *client) done(i *clientItem, item gjson.Result) {
	i.done = item
	if i.open >= 0 {
		c.t.Errorf("item %q ends within part %d", i.id, i.open)
	}
	var texts, notes []string
	for _, p := range append(item.Get("summary").Array(), item.Get("content").Array()...) {
		texts = append(texts, p.Get("text").Str+p.Get("refusal").Str)
		for _, note := range p.Get("annotations").Array() {
			notes = append(notes, note.Raw)
		}
	}
	arguments := item.Get("arguments").Str + item.Get("input").Str
	for _, err := range []error{
		same("id", item.Get("id").Str, i.id),
		same("kind", item.Get("type").Str, i.kind),
		same("texts", strings.Join(texts, "|"), strings.Join(i.parts, "|")),
		same("arguments", arguments, i.arguments.String()),
		same("annotations", strings.Join(notes, ","), strings.Join(i.annotations, ",")),
	} {
		if err != nil {
			c.t.Errorf("item %q: %v", i.id, err)
		}
	}
	if strings.HasSuffix(i.kind, "_call") && !i.saidWhole {
		c.t.Errorf("item %q ends without its arguments.done", i.id)
	}
}

func (c *client) compareEnd(output []gjson.Result) {
	if len(output) != len(c.items) {
		c.t.Errorf("the response has %d items, want %d", len(output), len(c.items))
		return
	}
	for i, item := range output {
		if item.Raw != c.items[i].done.Raw {
			c.t.Errorf("item %d of the response is %s, its event said %s", i, item.Raw, c.items[i].done.Raw)
		}
	}
}
