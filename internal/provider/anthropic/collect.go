package anthropic

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// A long answer is asked for as events even where the client wants it in one
// piece: Anthropic does not promise more than ten minutes without a stream, and
// networks cut connections that are silent for less. (Anthropic docs,
// api/errors, "Long requests".) Here the events become the message again that
// the API would have answered with. To have the client told of a stream that it
// did not ask for was no alternative.

// inOnePiece returns the body of a message, which it puts together when it came
// as events. That is told by how the body begins, not by what was asked: there
// are endpoints that answer in one piece all the same. The error is an
// *upstream.Fault.
func inOnePiece(body []byte, now func() time.Time) ([]byte, error) {
	if !isEvents(body) {
		return body, nil
	}
	c := collector{open: make(map[int64]*collected)}
	events := sse.NewReader(bytes.NewReader(body), maxEvent)
	for !c.ended {
		event, err := events.Next()
		if errors.Is(err, io.EOF) {
			return nil, endedEarly(err)
		}
		if err != nil {
			return nil, &upstream.Fault{Class: upstream.Provider, Message: "the provider's stream cannot be read: " + err.Error()}
		}
		if event.Data == nil {
			continue
		}
		e, kind, err := readEvent(event.Data, now)
		if err != nil {
			return nil, err
		}
		c.take(kind, e)
	}
	return c.append(make([]byte, 0, len(body)/2)), nil
}

// isEvents reports whether a body is of server-sent events. No JSON begins so.
func isEvents(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), "\r\n")
	for _, start := range [...]string{"event:", "data:", ":"} {
		if bytes.HasPrefix(body, []byte(start)) {
			return true
		}
	}
	return false
}

// collector puts a message together from its events, in time linear to their
// length.
type collector struct {
	message *object // of message_start; nil before
	usage   *object // of the message
	blocks  []*collected
	open    map[int64]*collected // by index
	ended   bool
}

// take takes in an event. Unknown ones are passed over, like those before
// message_start.
func (c *collector) take(kind string, e gjson.Result) {
	switch {
	case kind == "message_start" && c.message == nil:
		c.message = newObject(e.Get("message"))
		c.usage = newObject(e.Get("message.usage"))
	case c.message == nil:
	case kind == "content_block_start":
		b := &collected{object: newObject(e.Get("content_block"))}
		c.blocks = append(c.blocks, b)
		c.open[e.Get("index").Int()] = b
	case kind == "content_block_delta":
		if b := c.open[e.Get("index").Int()]; b != nil {
			b.take(e.Get("delta"))
		}
	case kind == "message_delta":
		c.delta(e)
	case kind == "message_stop":
		c.ended = true
	}
}

// delta takes in a message_delta. What stands in its delta are members of the
// message, as is what stands beside it, such as context_management; of the
// usage it repeats, cumulatively, what it knows better.
func (c *collector) delta(e gjson.Result) {
	e.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "type":
		case "delta":
			c.message.update(v)
		case "usage":
			c.usage.update(v)
		default:
			c.message.refine(name, v)
		}
		return true
	})
}

func (c *collector) append(dst []byte) []byte {
	content := []byte{'['}
	for _, b := range c.blocks {
		content = b.append(next(content))
	}
	c.message.set("content", append(content, ']'))
	if len(c.usage.members) > 0 { // else there is none, which is not the same as zero
		c.message.set("usage", c.usage.append(nil))
	}
	return c.message.append(dst)
}

// collected is a block that is put together from its deltas.
type collected struct {
	*object
	input []byte // the fragments of a call's input
}

// take takes in a delta. Of one that is unknown the members replace those of
// the block, which is how a compaction comes.
func (b *collected) take(delta gjson.Result) {
	switch delta.Get("type").Str {
	case "text_delta":
		b.grow("text", '"', inner(delta.Get("text")))
	case "thinking_delta":
		b.grow("thinking", '"', inner(delta.Get("thinking")))
	case "citations_delta":
		b.grow("citations", ']', delta.Get("citation").Raw)
	case "input_json_delta":
		b.input = append(b.input, delta.Get("partial_json").Str...)
	default: // signature_delta among them
		delta.ForEach(func(name, v gjson.Result) bool {
			if name.Str != "type" {
				b.refine(name, v)
			}
			return true
		})
	}
}

// append writes the block. Of an input that was cut off within it remains the
// empty one that the block began with: half an input could be taken for a whole.
func (b *collected) append(dst []byte) []byte {
	if v := gjson.ParseBytes(b.input); gjson.ValidBytes(b.input) && v.IsObject() {
		b.set("input", b.input)
	}
	return b.object.append(dst)
}
