package anthropic

import (
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// chunkWriter writes chat.completion.chunks. They share one buffer, and each
// is valid until the next: a stream has hundreds, each of a few bytes, so what
// they have in common is copied, not written anew. Parameters named raw are
// JSON already.
type chunkWriter struct {
	includeUsage bool
	prefix       string // goes before the first text; raw, without quotes
	head         []byte // id, object, created, model
	buf          []byte
}

func (w *chunkWriter) begun() bool { return w.head != nil }

func (w *chunkWriter) begin(msg gjson.Result, now time.Time) {
	w.head = appendHead(nil, "chat.completion.chunk", msg, now)
}

// open begins a chunk up to its delta.
func (w *chunkWriter) open() {
	w.buf = append(append(w.buf[:0], w.head...), `,"choices":[{"index":0,"delta":{`...)
}

// close ends a chunk after its delta. A client that asked for usage expects the
// field in all chunks, null in all but the last.
func (w *chunkWriter) close(finish string) []byte {
	w.buf = append(append(append(w.buf, "},"...), finish...), "}]"...)
	if w.includeUsage {
		w.buf = append(w.buf, `,"usage":null`...)
	}
	w.buf = append(w.buf, '}')
	return w.buf
}

const unfinished = `"finish_reason":null`

func (w *chunkWriter) role() []byte {
	w.open()
	w.buf = append(w.buf, `"role":"assistant","content":""`...)
	return w.close(unfinished)
}

func (w *chunkWriter) text(raw string) []byte {
	w.open()
	w.buf = append(w.buf, `"content":`...)
	if w.prefix != "" {
		w.buf = append(append(w.buf, '"'), w.prefix...)
		raw, w.prefix = raw[1:], ""
	}
	w.buf = append(w.buf, raw...)
	return w.close(unfinished)
}

// thought writes the text twice: reasoning_content is what most clients show,
// reasoning_details what some send back, and they need the text with the
// signature that follows.
func (w *chunkWriter) thought(text gjson.Result, index int) []byte {
	w.open()
	w.buf = append(append(w.buf, `"reasoning_content":`...), text.Raw...)
	w.buf = append(w.buf, `,"reasoning_details":[`...)
	w.buf = append(appendDetail(w.buf, text.Raw, gjson.Result{}, index), ']')
	return w.close(unfinished)
}

func (w *chunkWriter) signature(signature gjson.Result, index int) []byte {
	w.open()
	w.buf = append(w.buf, `"reasoning_details":[`...)
	w.buf = append(appendDetail(w.buf, `""`, signature, index), ']')
	return w.close(unfinished)
}

func (w *chunkWriter) redacted(data gjson.Result, index int) []byte {
	w.open()
	w.buf = append(w.buf, `"reasoning_details":[`...)
	w.buf = append(appendRedacted(w.buf, data, index), ']')
	return w.close(unfinished)
}

func (w *chunkWriter) cited(annotations, citations []byte) []byte {
	w.open()
	if len(annotations) > 0 {
		w.buf = append(append(append(w.buf, `"annotations":[`...), annotations...), ']')
	}
	if len(annotations) > 0 && len(citations) > 0 {
		w.buf = append(w.buf, ',')
	}
	if len(citations) > 0 {
		w.buf = append(append(append(w.buf, `"citations":[`...), citations...), ']')
	}
	return w.close(unfinished)
}

func (w *chunkWriter) serverBlock(raw string, index int) []byte {
	w.open()
	w.buf = append(w.buf, `"server_blocks":[`...)
	w.buf = append(appendServerBlock(w.buf, raw, index), ']')
	return w.close(unfinished)
}

func (w *chunkWriter) finish(end ending, more [len(extensions)]string) []byte {
	w.open()
	if end.refusal != "" {
		w.buf = append(append(w.buf, `"refusal":`...), end.refusal...)
	}
	w.close(string(appendEnding(nil, end)))
	w.buf = w.buf[:len(w.buf)-1]
	for i, name := range extensions {
		if more[i] != "" {
			w.buf = append(append(append(w.buf, `,"`...), name...), `":`...)
			w.buf = append(w.buf, more[i]...)
		}
	}
	w.buf = append(w.buf, '}')
	return w.buf
}

// usage is the last chunk, which has no choices.
func (w *chunkWriter) usage(u *usage) []byte {
	w.buf = append(append(w.buf[:0], w.head...), `,"choices":[],"usage":`...)
	w.buf = append(u.append(w.buf), '}')
	return w.buf
}

func (w *chunkWriter) openTool(number int) {
	w.open()
	w.buf = strconv.AppendInt(append(w.buf, `"tool_calls":[{"index":`...), int64(number), 10)
}
