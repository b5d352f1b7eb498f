package anthropic

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// blockFields are the content types that are looked into, with their fields.
var blockFields = map[string][]string{
	"text":              {"type", "text", "cache_control", "citations"},
	"image":             {"type", "source", "cache_control"},
	"document":          {"type", "source", "cache_control", "title", "context", "citations"},
	"tool_use":          {"type", "id", "name", "input", "cache_control", "caller"},
	"tool_result":       {"type", "tool_use_id", "content", "is_error", "cache_control"},
	"thinking":          {"type", "thinking", "signature"},
	"redacted_thinking": {"type", "data"},
}

// otherBlocks belong to hosted tools. They are taken as they are.
var otherBlocks = []string{"search_result", "server_tool_use", "web_search_tool_result", "web_fetch_tool_result",
	"code_execution_tool_result", "bash_code_execution_tool_result", "text_editor_code_execution_tool_result",
	"tool_search_tool_result", "mcp_tool_use", "mcp_tool_result", "container_upload", "tool_reference", "compaction"}

// assistantOnly and userOnly are content types that one role cannot say.
var (
	assistantOnly = []string{"tool_use", "thinking", "redacted_thinking", "server_tool_use"}
	userOnly      = []string{"tool_result", "image"}
)

// block reads one content block.
func (p *parser) block(b gjson.Result, role, path string) item {
	kind := b.Get("type")
	p.must(b.IsObject(), path, "Input should be a valid dictionary")
	p.must(kind.Exists(), path+".type", "Field required")
	it := item{kind: kind.Str}
	fields, known := blockFields[kind.Str]
	if !known {
		p.must(slices.Contains(otherBlocks, kind.Str), path, "Input tag '"+kind.Str+"' found using 'type' does not match any of the expected tags: 'document', 'image', 'redacted_thinking', 'search_result', 'text', 'thinking', 'tool_result', 'tool_use'")
		p.place(b, messageTokens+dialogue.Tokens(len(b.Raw)), path)
		return it
	}
	wrong := role != "assistant" && slices.Contains(assistantOnly, kind.Str) || role != "user" && slices.Contains(userOnly, kind.Str)
	p.must(!wrong, "messages", "`"+kind.Str+"` blocks are not allowed in `"+role+"` messages")
	path += "." + kind.Str
	if p.version == newVersion {
		p.must(role != "assistant" || kind.Str != "document", path, "`document` blocks are not allowed in `assistant` messages")
		p.must(role != "user" || kind.Str != "text" || b.Get("citations").Type == gjson.Null, path+".citations", "Extra inputs are not permitted")
	}
	p.extra(b.Map(), path, fields...)
	tokens := p.inside(b, &it, path)
	p.place(b, messageTokens+tokens, path)
	return it
}

// inside checks a block by its type and returns its size in tokens.
func (p *parser) inside(b gjson.Result, it *item, path string) int {
	switch it.kind {
	case "text":
		it.text = b.Get("text").Str
		p.text(b.Get("text"), path, "messages")
		return dialogue.Tokens(len(it.text))
	case "image", "document":
		it.media = p.source(b.Get("source"), it.kind, path+".source")
		return dialogue.MediaTokens
	case "tool_use":
		it.id = b.Get("id").Str
		return p.toolUse(b, path)
	case "tool_result":
		it.id = b.Get("tool_use_id").Str
		p.must(b.Get("tool_use_id").Type == gjson.String, path+".tool_use_id", "Field required")
		var tokens int
		it.text, tokens = p.result(b.Get("content"), path+".content")
		return tokens
	case "thinking":
		it.text = b.Get("thinking").Str
		p.must(b.Get("signature").Type == gjson.String, path+".signature", "Field required")
		p.must(dialogue.Signed(it.text, b.Get("signature").Str), strings.TrimSuffix(path, ".thinking"), "Invalid `signature` in `thinking` block")
		return dialogue.Tokens(len(it.text))
	default: // redacted_thinking
		p.must(b.Get("data").Type == gjson.String, path+".data", "Field required")
		return dialogue.Tokens(len(b.Get("data").Str))
	}
}

var plainID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

func (p *parser) toolUse(b gjson.Result, path string) int {
	p.must(plainID.MatchString(b.Get("id").Str), path+".id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
	p.must(b.Get("name").Str != "", path+".name", "Field required")
	p.must(b.Get("input").Exists(), path+".input", "Field required")
	p.must(b.Get("input").IsObject(), path+".input", "Input should be a valid dictionary")
	return dialogue.Tokens(len(b.Get("name").Str) + len(b.Get("input").Raw))
}

// result reads what a tool returned: nothing, a text, or blocks.
func (p *parser) result(c gjson.Result, path string) (text string, tokens int) {
	if !c.IsArray() {
		p.must(!c.Exists() || c.Type == gjson.String, path, "Input should be a valid string or a valid list")
		return c.Str, dialogue.Tokens(len(c.Str))
	}
	for i, b := range c.Array() {
		inner := at(path, i)
		switch kind := b.Get("type").Str; kind {
		case "text":
			p.extra(b.Map(), inner+".text", blockFields["text"]...)
			p.text(b.Get("text"), inner+".text", "messages")
			text += b.Get("text").Str
			tokens += dialogue.Tokens(len(b.Get("text").Str))
		case "image", "document":
			p.source(b.Get("source"), kind, inner+"."+kind+".source")
			tokens += dialogue.MediaTokens
		default:
			p.must(kind == "search_result" || kind == "tool_reference", inner, "Input tag '"+kind+"' found using 'type' does not match any of the expected tags: 'document', 'image', 'search_result', 'text', 'tool_reference'")
			tokens += dialogue.Tokens(len(b.Raw))
		}
		p.mark(b, inner)
	}
	return text, tokens
}

var imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// source reads where an image or a document comes from.
func (p *parser) source(s gjson.Result, kind, path string) dialogue.Media {
	p.must(s.IsObject(), path, "Field required")
	mediaType, data := s.Get("media_type").Str, s.Get("data").Str
	switch from := s.Get("type").Str; from {
	case "base64":
		p.extra(s.Map(), path+".base64", "type", "media_type", "data")
		p.media, p.mediaBytes = p.media+1, p.mediaBytes+len(data)
		return p.base64(kind, mediaType, data, path+".base64")
	case "url":
		p.extra(s.Map(), path+".url", "type", "url")
		scheme, _, _ := strings.Cut(strings.ToLower(s.Get("url").Str), "://")
		p.must(scheme == "https" || scheme == "http", path+".url.url", "Only HTTPS URLs are supported.")
		return dialogue.Media{Type: from}
	case "file":
		p.must(s.Get("file_id").Str != "", path+".file.file_id", "Field required")
		return dialogue.Media{Type: from}
	case "text":
		p.must(kind == "document" && mediaType == "text/plain", path+".text.media_type", "Input should be 'text/plain'")
		return dialogue.Media{Type: mediaType, Bytes: len(data)}
	default:
		p.must(kind == "document" && from == "content", path, "Input tag '"+from+"' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'")
		return dialogue.Media{Type: "document"}
	}
}

func (p *parser) base64(kind, mediaType, data, path string) dialogue.Media {
	raw, err := base64.StdEncoding.DecodeString(data)
	if kind == "document" {
		p.must(mediaType == "application/pdf", path+".media_type", "Input should be 'application/pdf'")
		p.must(err == nil, path+".data", "Invalid base64 data")
		return dialogue.Media{Type: mediaType, Bytes: len(raw)}
	}
	p.must(slices.Contains(imageTypes, mediaType), path+".media_type", "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'")
	p.must(data != "", path, "image cannot be empty")
	p.must(err == nil, path, "invalid base64 data")
	found := http.DetectContentType(raw)
	p.must(slices.Contains(imageTypes, found), path, "Could not process image")
	p.must(found == mediaType, path, "Image does not match the provided media type "+mediaType)
	return dialogue.Media{Type: mediaType, Bytes: len(raw)}
}
