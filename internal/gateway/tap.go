package gateway

import (
	"bytes"
	"context"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/redact"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/transcript"
)

// tap keeps what was said, for a route that has it logged, until the client has
// its answer; only then is it read and redacted. The nil tap is that of all other
// requests: it keeps nothing and costs nothing.
type tap struct {
	want   config.RouteLog
	prompt []byte // the request's body; nil if it is not wanted
	kind   string // media type of a whole answer
	whole  []byte
	stream *transcript.Stream
}

// listen opens the tap of a request, now that its route is known. Raw calls, files
// and batches have no route, so nothing is logged of them. A request to count
// tokens says nothing that the one it is made for does not say again.
func (x *exchange) listen(log config.RouteLog) {
	body := x.body
	x.body = nil // nobody else needs it
	if !log.Prompts && !log.Answers || x.g.cfg.Content == nil || x.surface.api == provider.CountTokens || x.g.cfg.Rand() >= log.Share {
		return
	}
	x.tap = &tap{want: log}
	if log.Prompts {
		x.tap.prompt = body
	}
}

// hearsPrompts reports whether the prompt may be logged.
func (t *tap) hearsPrompts() bool { return t != nil && t.want.Prompts }

// event takes the data of an event that was sent. It is read at once, since the
// next event takes its place in memory; that costs about a microsecond.
func (t *tap) event(data []byte) {
	if t == nil || !t.want.Answers {
		return
	}
	if t.stream == nil {
		t.stream = transcript.NewStream(int(t.want.AnswerBytes))
	}
	t.stream.Add(data)
}

// events takes whole events as they were sent.
func (t *tap) events(sent []byte) {
	if t == nil || !t.want.Answers {
		return
	}
	for r := sse.NewReader(bytes.NewReader(sent), 0); ; {
		e, err := r.Next()
		if err != nil {
			return
		}
		t.event(e.Data)
	}
}

// answer takes a whole answer.
func (t *tap) answer(kind string, body []byte) {
	if t != nil && t.want.Answers {
		t.kind, t.whole = kind, body
	}
}

// tellContent reports what was said, redacted, behind the client's back.
func (x *exchange) tellContent(ctx context.Context) {
	t := x.tap
	if t == nil {
		return
	}
	c := telemetry.Content{
		ID: x.event.ID, Client: x.event.Client, Model: x.event.Model, API: x.event.API, Status: x.event.Status,
	}
	held := x.g.held(ctx)
	mask := func(e redact.Excerpt) string {
		text, n := x.g.redactor.Mask(e, held)
		c.Redacted += n
		return text
	}
	c.Prompt, c.PromptCut = t.promptText(mask)
	c.Answer, c.AnswerCut = t.answerText(mask)
	if c.Prompt != "" || c.Answer != "" {
		x.g.cfg.Content(ctx, c)
	}
}

// promptText is the prompt without what mask takes out, and how much of it is cut.
func (t *tap) promptText(mask func(redact.Excerpt) string) (text string, cut int) {
	if t.prompt == nil {
		return "", 0
	}
	most := int(t.want.PromptBytes)
	e, cut := transcript.Prompt(t.prompt, most)
	text = mask(e)
	over := max(0, len(text)-most) // masks may be longer than what they hide
	return strings.ToValidUTF8(text[over:], ""), cut + over
}

// answerText is the same of the answer.
func (t *tap) answerText(mask func(redact.Excerpt) string) (text string, cut int) {
	var said []redact.Excerpt
	most := int(t.want.AnswerBytes)
	switch {
	case t.stream != nil:
		said, cut = t.stream.Excerpts()
	case t.whole != nil:
		var e redact.Excerpt
		e, cut = transcript.Whole(t.kind, t.whole, most)
		said = append(said, e)
	}
	var texts []string
	for _, e := range said {
		texts = append(texts, mask(e))
	}
	text = strings.Join(texts, "\n")
	over := max(0, len(text)-most)
	return strings.ToValidUTF8(text[:len(text)-over], ""), cut + over
}
