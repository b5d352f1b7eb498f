package messages

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Options say for whom a request is translated.
type Options struct {
	// Model is the upstream model; empty means the one that the client named.
	Model string
	// Extended says that the reader is a dialect of our own, which understands
	// more than Chat Completions: cache_control everywhere, is_error and media in
	// tool messages, reasoning_details, thinking, top_k. Without it nothing is
	// written that OpenAI's own servers would refuse.
	Extended bool
}

// Translation is a request in the form of Chat Completions.
type Translation struct {
	Request *chat.Request
	// Dropped names what had no counterpart: fields, members of tools, types of
	// tools and of content blocks; at most 20.
	Dropped []string

	names names
}

// ToChat translates a request. A stream is asked for its usage, which the last
// events of a Messages stream report. The error is a *ParamError: something cannot
// be translated and would be missed.
func ToChat(req *Request, opt Options) (*Translation, error) {
	if opt.Model == "" {
		opt.Model = req.Model
	}
	t := translation{req: req, opt: opt, b: make([]byte, 0, len(req.Raw)+1<<10)}
	if !opt.Extended {
		t.is = quirksOf(opt.Model)
	}
	if err := t.write(); err != nil {
		return nil, err
	}
	parsed, err := chat.Parse(t.b)
	if err != nil {
		return nil, err
	}
	return &Translation{Request: parsed, Dropped: t.dropped, names: t.names}, nil
}

// translation writes one request. It is used once.
type translation struct {
	b       []byte
	req     *Request
	opt     Options
	is      quirks // the zero value refuses nothing
	names   names
	dropped []string
}

func (t *translation) write() error {
	t.b = append(t.b, '{')
	t.key("model")
	t.b = appendString(t.b, t.opt.Model)
	steps := [...]func() error{
		t.dropUnknown,
		t.writeMessages, // and system
		t.writeTools,    // and tool_choice, parallel_tool_calls
		t.writeLimits,
		t.writeSampling,
		t.writeEffort,
		t.writeFormat,
		t.writeUserID,
		t.writeTier,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if t.req.Stream {
		t.raw("stream", "true")
		t.raw("stream_options", `{"include_usage":true}`)
	}
	t.b = append(t.b, '}')
	return nil
}

// get returns a top-level field of the request; null counts as absent.
func (t *translation) get(name string) gjson.Result { return t.req.Get(name) }

// key begins a field of the body.
func (t *translation) key(name string) {
	t.b = append(append(append(next(t.b), '"'), name...), `":`...)
}

// raw writes a field of the body whose value is JSON already.
func (t *translation) raw(name, value string) {
	t.key(name)
	t.b = append(t.b, value...)
}

// translated are the fields that have a place in Chat Completions.
var translated = map[string]bool{
	"model": true, "messages": true, "system": true, "max_tokens": true, "stream": true,
	"tools": true, "tool_choice": true, "stop_sequences": true, "metadata": true,
	"temperature": true, "top_p": true, "top_k": true, "thinking": true,
	"output_config": true, "output_format": true, "service_tier": true,
}

// extras are fields that only a dialect of our own can take, as they are.
var extras = map[string]bool{"cache_control": true, "context_management": true, "inference_geo": true}

// dropUnknown notes the other fields, in the client's order.
func (t *translation) dropUnknown() error {
	gjson.GetBytes(t.req.Raw, "@keys").ForEach(func(_, name gjson.Result) bool {
		switch v := t.get(name.Str); {
		case translated[name.Str], !v.Exists(), v.Raw == "[]":
		case t.opt.Extended && extras[name.Str]:
			t.raw(name.Str, v.Raw)
		default:
			t.drop(name.Str)
		}
		return true
	})
	return nil
}

// maxDropped bounds a header that repeats names which the client made up, and
// maxHeaderName each of them.
const (
	maxDropped    = 20
	maxHeaderName = 64
)

// drop notes what is left out, once. What could break out of a header is not
// repeated there.
func (t *translation) drop(name string) {
	if len(t.dropped) < maxDropped && len(name) <= maxHeaderName && isWord(name) && !slices.Contains(t.dropped, name) {
		t.dropped = append(t.dropped, name)
	}
}

// dropMark notes a cache breakpoint, unless it is kept.
func (t *translation) dropMark(mark gjson.Result) {
	if given(mark) && !t.opt.Extended {
		t.drop("cache_control")
	}
}

// appendMark writes a breakpoint as a member of the object that dst ends in,
// which is still open.
func (t *translation) appendMark(dst []byte, mark gjson.Result) []byte {
	if !t.opt.Extended || !mark.IsObject() {
		return dst
	}
	return append(append(dst, `,"cache_control":`...), mark.Raw...)
}
