package responses

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// parts are the parts of a content, in the form of Chat Completions.
type parts struct {
	b     []byte // comma-separated JSON
	count int
	text  string // the last one as a JSON string, if it is nothing but a text
}

// contentOf translates a content that is not the assistant's, to JSON.
func contentOf(content gjson.Result, path string) (string, error) {
	if isString(content) {
		return content.Raw, nil
	}
	var p parts
	if err := p.addAll(content, path); err != nil {
		return "", err
	}
	return p.content(`""`), nil
}

func (p *parts) addAll(content gjson.Result, path string) (err error) {
	if !content.IsArray() {
		return fault(path, "must be a string or a list of parts")
	}
	content.ForEach(func(_, part gjson.Result) bool {
		err = p.add(part, fmt.Sprintf("%s[%d]", path, p.count))
		return err == nil
	})
	return err
}

// content is the whole as JSON. A single text becomes a string: compatible
// servers that do not know parts are many, and agents that send everything as
// parts, too.
func (p *parts) content(empty string) string {
	switch {
	case p.count == 0:
		return empty
	case p.count == 1 && p.text != "":
		return p.text
	}
	return "[" + string(p.b) + "]"
}

// addText adds a text; raw is a JSON string.
func (p *parts) addText(raw string) {
	p.b = add(next(p.b), `{"type":"text","text":`, raw, "}")
	p.count++
	p.text = raw
}

// add translates one part.
func (p *parts) add(part gjson.Result, path string) (err error) {
	switch kind := part.Get("type").Str; kind {
	case "input_text", "output_text", "text":
		return p.addTextPart(part, path)
	case "refusal":
		p.b = add(next(p.b), `{"type":"refusal","refusal":`, rawString(part.Get("refusal")))
	case "input_image":
		p.b, err = appendImage(next(p.b), part, path)
	case "input_file":
		p.b, err = appendFile(next(p.b), part, path)
	case "input_audio":
		p.b = add(next(p.b), `{"type":"input_audio","input_audio":`, rawOr(part.Get("input_audio"), "null"))
	default:
		return fault(path+".type", "must be input_text, input_image, input_file, input_audio, output_text or refusal, not %q", kind)
	}
	p.b = append(appendMembers(p.b, part, marks...), '}')
	p.count++
	p.text = ""
	return err
}

// addTextPart keeps a text that bears a mark from becoming a string.
func (p *parts) addTextPart(part gjson.Result, path string) error {
	text := part.Get("text")
	if !isString(text) {
		return fault(path+".text", "must be a string")
	}
	p.addText(text.Raw)
	plain := len(p.b)
	p.b = append(appendMembers(p.b[:plain-1], part, marks...), '}')
	if len(p.b) > plain {
		p.text = ""
	}
	return nil
}

// marks are cache breakpoints: OpenAI's own, and Anthropic's for those who know
// which provider they talk to.
var marks = []string{"prompt_cache_breakpoint", "cache_control"}

const stored = "stored files belong to one account of the pool; send the %s itself, as a data: URL"

func appendImage(dst []byte, part gjson.Result, path string) ([]byte, error) {
	url := part.Get("image_url")
	if !isText(url) {
		if given(part.Get("file_id")) {
			return dst, fault(path+".file_id", stored, "image")
		}
		return dst, fault(path+".image_url", "must be a https: or data: URL")
	}
	dst = add(dst, `{"type":"image_url","image_url":{"url":`, url.Raw)
	switch detail := part.Get("detail"); detail.Str {
	case "low", "high", "auto":
		dst = add(dst, `,"detail":`, detail.Raw)
	case "original": // is higher than what Chat Completions has a word for
		dst = add(dst, `,"detail":"high"`)
	}
	return append(dst, '}'), nil
}

// appendFile, like appendImage, leaves the part open for its marks.
func appendFile(dst []byte, part gjson.Result, path string) ([]byte, error) {
	if !isText(part.Get("file_data")) {
		if given(part.Get("file_url")) {
			return dst, fault(path+".file_url", "files are not fetched for this model; send the file itself as file_data, a data: URL")
		}
		return dst, fault(path+".file_id", stored, "file")
	}
	dst = add(dst, `{"type":"file","file":{"file_data":`, part.Get("file_data").Raw)
	return append(appendMembers(dst, part, "filename"), '}'), nil
}
