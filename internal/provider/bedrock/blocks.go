package bedrock

import (
	"encoding/base64"
	"fmt"

	"github.com/tidwall/gjson"
)

// block writes one block of a message.
func (c *conversing) block(b gjson.Result) error {
	switch kind := b.Get("type").Str; kind {
	case "text":
		c.say(b.Get("text"))
		return nil
	case "image", "document":
		return c.media(b)
	case "tool_use":
		c.call(b)
	case "tool_result":
		return c.result(b)
	case "thinking", "redacted_thinking":
		c.thought(b)
	default:
		return fmt.Errorf("a content block of type %q has no counterpart in Bedrock's Converse", kind)
	}
	return nil
}

// media writes an image or a document.
func (c *conversing) media(b gjson.Result) error {
	write := c.image
	if b.Get("type").Str == "document" {
		write = c.document
		c.turn.hasDocument = true
	}
	c.turn.hasBlock = true
	return write(b.Get("source"))
}

// imageFormats and documentFormats are Converse's names of media types.
var (
	imageFormats = map[string]string{
		"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp",
	}
	documentFormats = map[string]string{
		"application/pdf": "pdf", "text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/markdown": "md",
		"application/msword": "doc", "application/vnd.ms-excel": "xls",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       "xlsx",
	}
)

func (c *conversing) image(source gjson.Result) error {
	if source.Get("type").Str == "url" {
		return errLink
	}
	format, ok := imageFormats[source.Get("media_type").Str]
	if !ok || source.Get("type").Str != "base64" {
		return fmt.Errorf("an image must be a PNG, JPEG, GIF or WebP in base64, not %q", source.Get("media_type").Str)
	}
	c.w.open('{').key("image").open('{').key("format").text(format)
	c.w.key("source").open('{').key("bytes").raw(rawString(source.Get("data"))).end('}').end('}').end('}')
	return nil
}

// document writes a document under a neutral name: names must differ, are read
// by the model, and file names have characters that Converse refuses.
func (c *conversing) document(source gjson.Result) error {
	format, ok := documentFormats[source.Get("media_type").Str]
	data := rawString(source.Get("data"))
	switch kind := source.Get("type").Str; {
	case kind == "text":
		format, data = "txt", `"`+base64.StdEncoding.EncodeToString([]byte(source.Get("data").Str))+`"`
	case kind != "base64" || !ok:
		return fmt.Errorf("a document must be a PDF, text, Word or Excel file in base64, not %s %q", kind, source.Get("media_type").Str)
	}
	c.documents++
	c.w.open('{').key("document").open('{').key("format").text(format)
	c.w.key("name").text(fmt.Sprintf("document-%d", c.documents))
	c.w.key("source").open('{').key("bytes").raw(data).end('}').end('}').end('}')
	return nil
}

// call writes a tool call of the history.
func (c *conversing) call(b gjson.Result) {
	name := rawString(b.Get("name"))
	if !c.calledSet[name] {
		if c.calledSet == nil {
			c.calledSet = map[string]bool{}
		}
		c.calledSet[name] = true
		c.called = append(c.called, name)
	}
	input := "{}"
	if v := b.Get("input"); v.IsObject() {
		input = v.Raw
	}
	c.w.open('{').key("toolUse").open('{').key("toolUseId").raw(rawString(b.Get("id")))
	c.w.key("name").raw(name).key("input").raw(input).end('}').end('}')
	c.turn.hasBlock = true
}

// result writes the result of a tool. Its texts and media are not the turn's: a
// document among them wants no text beside it.
func (c *conversing) result(b gjson.Result) error {
	c.w.open('{').key("toolResult").open('{').key("toolUseId").raw(rawString(b.Get("tool_use_id")))
	c.w.key("content").open('[')
	outer, marks := c.turn, c.is.cache
	c.turn, c.is.cache = turn{}, false // no breakpoints within a result
	err := c.content(b.Get("content"))
	if !c.turn.hasBlock {
		c.w.raw(placeholder)
	}
	c.turn, c.is.cache = outer, marks
	c.turn.hasBlock = true
	c.w.end(']')
	if b.Get("is_error").Bool() {
		c.w.key("status").text("error")
	}
	c.w.end('}').end('}')
	return err
}

// thought writes back what the model thought, if it is signed; without a
// signature it is refused, and helps nobody.
func (c *conversing) thought(b gjson.Result) {
	signature, data := b.Get("signature"), b.Get("data")
	switch {
	case isString(data) && data.Str != "":
		c.w.open('{').key("reasoningContent").open('{').key("redactedContent").raw(data.Raw).end('}').end('}')
	case isString(signature) && signature.Str != "":
		c.w.open('{').key("reasoningContent").open('{').key("reasoningText").open('{')
		c.w.key("text").raw(rawString(b.Get("thinking"))).key("signature").raw(signature.Raw)
		c.w.end('}').end('}').end('}')
	default:
		return
	}
	c.turn.hasBlock = true
}
