package messages

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// contentBlock is a content block, of which the fields that every kind may have
// were found in one pass, undecoded: texts can be long, and each search by name would
// walk over them.
type contentBlock struct {
	gjson.Result
	kind                string
	text, content, mark gjson.Result
	isError             gjson.Result
}

func readBlock(v gjson.Result) contentBlock {
	b := contentBlock{Result: v}
	if !v.IsObject() {
		return b
	}
	for name, value := range chat.Members(v.Raw) {
		switch name {
		case "type":
			b.kind = strings.Trim(value, `"`)
		case "text":
			b.text = undecoded(value)
		case "content":
			b.content = undecoded(value)
		case "cache_control":
			b.mark = undecoded(value)
		case "is_error":
			b.isError = undecoded(value)
		}
	}
	return b
}

// pieces reads a content: a string or a list of blocks. Blank texts are left out,
// as are blocks that skip claims for itself.
func (t *translation) pieces(content gjson.Result, at string, skip func(b contentBlock) bool) ([]piece, error) {
	if isString(content) {
		return appendTextPiece(nil, content), nil
	}
	var found []piece
	for i, v := range content.Array() {
		b := readBlock(v)
		t.dropMark(b.mark)
		if skip != nil && skip(b) {
			continue
		}
		before := len(found)
		var err error
		if found, err = t.appendBlock(found, b, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return nil, err
		}
		if len(found) > before && given(b.mark) {
			found[len(found)-1].mark = b.mark
		}
	}
	return found, nil
}

func appendTextPiece(dst []piece, text gjson.Result) []piece {
	if isBlank(text) {
		return dst
	}
	return append(dst, textPiece(inner(text)))
}

func (t *translation) appendBlock(dst []piece, block contentBlock, at string) ([]piece, error) {
	switch block.kind {
	case "text":
		if !isString(block.text) {
			return nil, fault(at+".text", "must be a string")
		}
		return appendTextPiece(dst, block.text), nil
	case "compaction": // the provider's summary of what came before
		return appendTextPiece(dst, block.content), nil
	case "image":
		p, err := imagePiece(block.Get("source"), at+".source")
		return append(dst, p), err
	case "document":
		return t.appendDocument(dst, block.Result, at)
	case "search_result":
		return t.appendSearchResult(dst, block, at)
	case "tool_reference": // what a tool search found; the tools themselves are all sent
		return append(dst, textPiece(inner(block.Get("tool_name")))), nil
	}
	return nil, fault(at+".type", "%q cannot be translated for this model's provider", block.kind)
}

func imagePiece(source gjson.Result, at string) (piece, error) {
	switch source.Get("type").Str {
	case "base64":
		return piece{kind: "image_url", data: inner(source.Get("data")), media: inner(source.Get("media_type"))}, nil
	case "url":
		return piece{kind: "image_url", data: inner(source.Get("url"))}, nil
	}
	return piece{}, notStored(at)
}

// notStored refuses a file of Anthropic's Files API, and what comes after it.
func notStored(at string) error {
	return fault(at+".type", "only base64 and url can be sent to this model's provider; stored files belong to an Anthropic workspace")
}

// appendDocument makes text of a document that is text, and a file of a PDF.
// OpenAI wants a name for a file, and has no form for one at an address.
func (t *translation) appendDocument(dst []piece, block gjson.Result, at string) ([]piece, error) {
	source, title := block.Get("source"), inner(block.Get("title"))
	if context := block.Get("context"); !isBlank(context) {
		dst = append(dst, textPiece(inner(context)))
	}
	switch source.Get("type").Str {
	case "base64":
		if title == "" {
			title = "document.pdf"
		}
		return append(dst, piece{kind: "file", data: inner(source.Get("data")), media: inner(source.Get("media_type")), name: title}), nil
	case "text":
		return append(dst, textPiece(titled(title, inner(source.Get("data"))))), nil
	case "content":
		if title != "" {
			dst = append(dst, textPiece(title))
		}
		parts, err := t.pieces(source.Get("content"), at+".source.content", nil)
		return append(dst, parts...), err
	case "url":
		return nil, fault(at+".source.type", "a document must be sent as base64 to this model's provider, not as url")
	}
	return nil, notStored(at + ".source")
}

// titled puts a document's title over its text; both are raw.
func titled(title, text string) string {
	if title == "" {
		return text
	}
	return title + paragraph + text
}

func (t *translation) appendSearchResult(dst []piece, block contentBlock, at string) ([]piece, error) {
	dst = append(dst, textPiece(inner(block.Get("title"))+`\n`+inner(block.Get("source"))))
	parts, err := t.pieces(block.content, at+".content", nil)
	return append(dst, parts...), err
}
