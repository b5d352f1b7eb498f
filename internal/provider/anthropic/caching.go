package anthropic

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// maxMarks is how many cache breakpoints a request may have. (Anthropic docs,
// build-with-claude/prompt-caching.)
const maxMarks = 4

// appendMark puts a cache breakpoint into the object that dst ends in. An
// empty one means none.
func appendMark(dst []byte, mark gjson.Result) []byte {
	if len(dst) == 0 || !mark.IsObject() || isInert(mark) {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"cache_control":`...)
	return append(append(dst, mark.Raw...), '}')
}

var ephemeral = gjson.Parse(`{"type":"ephemeral"}`)

// markOf is the breakpoint of a content part: Anthropic's own, or OpenAI's.
func markOf(part gjson.Result) gjson.Result {
	if mark := part.Get("cache_control"); mark.Exists() {
		return mark
	}
	return breakpoint(part.Get("prompt_cache_breakpoint"))
}

// breakpoint is the mark that OpenAI's prompt_cache_breakpoint asks for.
func breakpoint(v gjson.Result) gjson.Result {
	if v.IsObject() || v.Type == gjson.True {
		return ephemeral
	}
	return gjson.Result{}
}

// writeCaching writes the request's own cache_control, which lets the provider
// place a breakpoint, and holds the client to the number of breakpoints.
func (e *encoder) writeCaching() error {
	marks := e.marks()
	if native := e.get("cache_control"); !isInert(native) {
		e.raw("cache_control", native.Raw)
		marks++
	} else if marks < maxMarks {
		marks += e.writeRetention()
	}
	if marks == 0 && e.autoCache && !e.get("cache_control").Exists() && e.comesAgain() {
		e.raw("cache_control", ephemeral.Raw)
	}
	if marks > maxMarks {
		return paramError("cache_control", "is set at %d places, but at most %d breakpoints are possible", marks, maxMarks)
	}
	return nil
}

// comesAgain guesses that the prompt is the beginning of one to come: a
// conversation that has gone on once, or one whose client gave it a key for its
// cache. A prompt that stands alone, as a bot's that sends a diff for review,
// would pay for a cache that nobody reads; all it shares with others is its
// front, and an automatic breakpoint stands at the end.
func (e *encoder) comesAgain() bool {
	if !strings.HasPrefix(baseName(e.model), "claude") {
		return false
	}
	return e.history.answered || e.get("prompt_cache_key").Str != ""
}

// writeRetention turns OpenAI's wish for a cache that lasts into the automatic
// breakpoint with the longer of the two lives, and its wish for the usual one
// into that with the shorter. It returns how many breakpoints that took.
func (e *encoder) writeRetention() int {
	life := e.get("prompt_cache_retention").Str
	if life == "" {
		life = e.get("prompt_cache_options").Get("ttl").Str
	}
	switch life {
	case "":
		return 0
	case "24h", "1h":
		e.raw("cache_control", `{"type":"ephemeral","ttl":"1h"}`)
	default:
		e.raw("cache_control", ephemeral.Raw)
	}
	return 1
}

// marks counts the breakpoints written so far. Nearly always the bytes tell
// that there are few enough, so that the body is not read again.
func (e *encoder) marks() int {
	if n := bytes.Count(e.b, []byte(`"cache_control":{`)); n <= maxMarks-1 {
		return n
	}
	doc := gjson.Parse(string(e.b) + "}")
	n := 0
	count := func(v gjson.Result) {
		if v.Get("cache_control").IsObject() {
			n++
		}
	}
	each(doc.Get("system"), count)
	each(doc.Get("tools"), count)
	each(doc.Get("messages.#.content"), func(blocks gjson.Result) {
		each(blocks, func(b gjson.Result) {
			count(b)
			each(b.Get("content"), count) // of a tool result
		})
	})
	return n
}

func each(list gjson.Result, do func(gjson.Result)) {
	list.ForEach(func(_, v gjson.Result) bool { do(v); return true })
}
