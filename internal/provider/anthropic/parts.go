package anthropic

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/tidwall/gjson"
)

// partRules say what the content of a message may hold.
type partRules struct {
	whose   string // for errors
	media   bool   // images and files
	refusal bool   // refusals, kept as text
	wrap    bool   // mark every text as the system's
	trimEnd bool   // cut white space off the last text
	seen    *seen  // what media refer to; nil where there are none
}

// seen is what the parts of all messages refer to, which asks for more than a
// block: a beta, a tool.
type seen struct{ files, uploads bool }

var (
	systemParts = partRules{whose: "a system message"}
	textParts   = partRules{whose: "an assistant message", refusal: true}
	userParts   = partRules{whose: "a user message", media: true}
	toolParts   = partRules{whose: "a tool message", media: true}
)

// appendParts translates a content field: null, a string or a list of parts.
func appendParts(dst []byte, content gjson.Result, rules partRules, at string) ([]byte, error) {
	switch {
	case !given(content):
		return dst, nil
	case isString(content):
		return appendTextAs(dst, content, rules, true), nil
	case !content.IsArray():
		return dst, paramError(at+".content", "must be a string or a list of parts")
	}
	list := content.Array()
	for i, part := range list {
		start := len(dst)
		var err error
		if dst, err = appendPart(dst, part, rules, i == len(list)-1); err != nil {
			return dst, under(fmt.Sprintf("%s.content[%d]", at, i), err)
		}
		if len(dst) > start && !isNative(part.Get("type").Str) { // which holds its own
			dst = appendMark(dst, markOf(part))
		}
	}
	return dst, nil
}

// appendPart translates one part; a blank text leaves nothing. Paths in its
// errors begin at the part.
func appendPart(dst []byte, part gjson.Result, rules partRules, last bool) ([]byte, error) {
	kind := part.Get("type").Str
	switch {
	case kind == "text", kind == "refusal" && rules.refusal:
		text := part.Get(kind)
		if !isString(text) {
			return dst, paramError("."+kind, "must be a string")
		}
		return appendTextAs(dst, text, rules, last), nil
	case kind == "image_url" && rules.media:
		return appendImage(dst, part.Get("image_url"))
	case kind == "file" && rules.media:
		return appendFile(dst, part.Get("file"), rules.seen)
	case isNative(kind) && rules.media:
		rules.seen.note(kind, part)
		return append(next(dst), part.Raw...), nil
	case kind == "input_audio":
		return dst, paramError(".type", "this model does not hear audio; send a transcript as text")
	}
	return dst, paramError(".type", "must be %s in %s, not %q", rules.kinds(), rules.whose, kind)
}

// isNative reports whether a part is a block of Anthropic's, sent as it is by a
// client that wants what OpenAI's parts cannot say (citations of a document).
func isNative(kind string) bool {
	return kind == "image" || kind == "document" || kind == "search_result" || kind == "container_upload"
}

func (s *seen) note(kind string, part gjson.Result) {
	s.uploads = s.uploads || kind == "container_upload"
	s.files = s.files || s.uploads || part.Get("source.type").Str == "file"
}

func (r partRules) kinds() string {
	switch {
	case r.media:
		return "text, image_url or file"
	case r.refusal:
		return "text or refusal"
	default:
		return "text"
	}
}

// under puts the path of the whole before the path in err.
func under(path string, err error) error {
	var p *chat.ParamError
	if !errors.As(err, &p) {
		return err
	}
	return &chat.ParamError{Param: path + p.Param, Message: p.Message}
}

// The wrapping of a system message within the conversation, in raw JSON.
const (
	wrapBegin = `<system-message>\n`
	wrapEnd   = `\n</system-message>`
)

func appendTextAs(dst []byte, text gjson.Result, rules partRules, last bool) []byte {
	raw := text.Raw
	switch {
	case isBlank(text):
		return dst
	case rules.wrap:
		raw = `"` + wrapBegin + inner(text) + wrapEnd + `"`
	case rules.trimEnd && last:
		if trimmed := strings.TrimRight(text.Str, " \t\r\n"); trimmed != text.Str {
			raw = string(gjson.AppendJSONString(nil, trimmed))
		}
	}
	return appendText(dst, raw)
}

// appendText appends a text block; raw is a JSON string.
func appendText(dst []byte, raw string) []byte {
	dst = append(append(next(dst), `{"type":"text","text":`...), raw...)
	return append(dst, '}')
}
