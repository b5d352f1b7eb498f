package openai

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// Completions speaks the legacy POST /v1/completions. A prompt is answered as a
// user's message would be.
type Completions struct{ Dialect }

// Parse reads the body of POST /v1/completions.
func (d Completions) Parse(body []byte, h http.Header) (*dialogue.Prompt, *dialogue.Refusal) {
	if !gjson.ValidBytes(body) || !gjson.ParseBytes(body).IsObject() {
		return d.Dialect.Parse(body, h)
	}
	top := gjson.ParseBytes(body)
	chat := map[string]any{"model": top.Get("model").Value()}
	for _, name := range []string{"stream", "stream_options", "max_tokens", "stop", "temperature", "n"} {
		if v := top.Get(name); v.Exists() {
			chat[name] = json.RawMessage(v.Raw)
		}
	}
	if prompt := top.Get("prompt"); prompt.Exists() {
		chat["messages"] = []any{map[string]any{"role": "user", "content": textOf(prompt)}}
	}
	p, bad := d.Dialect.Parse(marshal(chat), h)
	if bad != nil {
		bad.Param = strings.Replace(bad.Param, "messages", "prompt", 1)
	}
	return p, bad
}

type textCompletion struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []textChoice `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
}

type textChoice struct {
	Text         string  `json:"text"`
	Index        int     `json:"index"`
	Logprobs     *string `json:"logprobs"`
	FinishReason *string `json:"finish_reason"`
}

func newTextCompletion(c *dialogue.Call, choices ...textChoice) textCompletion {
	return textCompletion{ID: "cmpl-" + c.MessageID, Object: "text_completion", Created: c.Created.Unix(), Model: c.Model, Choices: choices}
}

// Whole is the body of an answer that is not streamed.
func (Completions) Whole(c *dialogue.Call, a *dialogue.Answer) []byte {
	var text strings.Builder
	for _, b := range a.Blocks {
		text.WriteString(b.Joined())
	}
	reason := finish(a.Stop)
	whole := newTextCompletion(c, textChoice{Text: text.String(), FinishReason: &reason})
	whole.Usage = total(a.Usage)
	return marshal(whole)
}

// Events is the whole answer as server-sent events.
func (Completions) Events(c *dialogue.Call, a *dialogue.Answer) (events []dialogue.Event) {
	add := func(chunk textCompletion, piece string) {
		events = append(events, dialogue.Event{Data: fmt.Appendf(nil, "data: %s\n\n", marshal(chunk)), Content: piece != "", Tokens: dialogue.Tokens(len(piece))})
	}
	for _, b := range a.Blocks {
		for _, piece := range b.Pieces {
			add(newTextCompletion(c, textChoice{Text: piece}), piece)
		}
	}
	reason := finish(a.Stop)
	add(newTextCompletion(c, textChoice{FinishReason: &reason}), "")
	if c.IncludeUsage {
		last := newTextCompletion(c)
		last.Choices, last.Usage = []textChoice{}, total(a.Usage)
		add(last, "")
	}
	return append(events, dialogue.Event{Data: []byte("data: [DONE]\n\n")})
}
