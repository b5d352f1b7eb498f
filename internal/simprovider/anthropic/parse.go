// Package anthropic is the simulated provider's side of Anthropic's wire
// format: it judges requests as strictly as the real API where translators
// tend to go wrong, and words answers, streams, errors and headers as the real
// API does (platform docs, api/messages, api/errors and api/rate-limits,
// November 2026).
package anthropic

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// Dialect speaks the Messages API. It is immutable and safe for concurrent use.
type Dialect struct {
	// Models are those that it serves; required.
	Models *catalogue.Catalogue
}

// Parse reads the body of POST /v1/messages.
func (d Dialect) Parse(body []byte, h http.Header) (*dialogue.Prompt, *dialogue.Refusal) {
	return d.parse(body, h, messagesFields)
}

// ParseCount reads the body of POST /v1/messages/count_tokens, which has
// fewer fields. Only the prompt's Tokens mean anything.
func (d Dialect) ParseCount(body []byte, h http.Header) (*dialogue.Prompt, *dialogue.Refusal) {
	return d.parse(body, h, countFields)
}

func (d Dialect) parse(body []byte, h http.Header, allowed []string) (*dialogue.Prompt, *dialogue.Refusal) {
	p := &parser{prompt: &dialogue.Prompt{}, version: h.Get("anthropic-version")}
	p.must(p.version != "", "anthropic-version", "header is required")
	p.must(p.version == "" || p.version == oldVersion || p.version == newVersion, "anthropic-version", `"`+p.version+`" is not a valid version`)
	p.beta = h.Get("anthropic-beta") != ""
	p.must(gjson.ValidBytes(body), "", "The request body is not valid JSON: expected value at line 1 column 1")
	if p.bad != nil {
		return nil, p.bad
	}
	doc := gjson.ParseBytes(body)
	p.must(doc.IsObject(), "", "Input should be a valid dictionary or object to extract fields from")
	p.top = doc.Map()
	p.model(d.Models)
	p.body(h.Values("anthropic-beta"), allowed)
	p.prompt.Estimate = dialogue.Tokens(len(body)-p.mediaBytes) + p.media*dialogue.MediaTokens
	p.finish()
	return p.prompt, p.bad
}

// parser walks a request. The first fault is kept and later ones are dropped,
// so that the rules can be written one under the other without a branch after
// each; what is read after a fault is never used.
type parser struct {
	prompt  *dialogue.Prompt
	top     map[string]gjson.Result
	version string
	beta    bool // the client takes part in some beta
	bad     *dialogue.Refusal

	places            []place // in the order of the cache's prefix
	marks             int
	media, mediaBytes int
}

// must notes a fault unless ok. The path is the parameter's, dotted, with
// indices from 0, as Anthropic writes it; empty for a fault without a place.
func (p *parser) must(ok bool, path, message string) {
	if ok || p.bad != nil {
		return
	}
	if path != "" {
		message = path + ": " + message
	}
	p.bad = &dialogue.Refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Message: message, Cause: "invalid"}
}

var messagesFields = append([]string{"max_tokens", "metadata", "service_tier", "stop_sequences", "stream",
	"temperature", "top_k", "top_p", "inference_geo", "container", "speed", "fallbacks", "diagnostics"}, countFields...)

var countFields = []string{"model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control",
	"output_config", "context_management", "mcp_servers", "input_transformations"}

// betas are fields that need a beta header, with the beginning of its name.
var betas = [][2]string{
	{"context_management", "context-management-"},
	{"mcp_servers", "mcp-client-"},
	{"speed", "fast-mode-"},
	{"fallbacks", "server-side-fallback-"},
	{"input_transformations", "thinking-binding-controls-"},
}

func (p *parser) body(beta, allowed []string) {
	p.unknown(p.top, "", allowed...)
	for _, b := range betas {
		field, prefix := b[0], b[1]
		sent := slices.ContainsFunc(beta, func(header string) bool { return strings.Contains(header, prefix) })
		p.must(!p.top[field].Exists() || sent, field, "Extra inputs are not permitted")
	}
	if p.bad != nil {
		return
	}
	p.tools(p.top["tools"])
	p.system(p.top["system"])
	p.messages(p.top["messages"])
	p.options(slices.Contains(allowed, "max_tokens"))
}

// unknown refuses fields that are not among the allowed ones, unless the client
// takes part in a beta: new fields come with new betas, and which beta has which
// field is more than a simulation needs to know.
func (p *parser) unknown(object map[string]gjson.Result, path string, allowed ...string) {
	if !p.beta {
		p.extra(object, path, allowed...)
	}
}

// extra refuses fields that are not among the allowed ones. The alphabetically
// first is named, so that the answer does not depend on the order of a map.
func (p *parser) extra(object map[string]gjson.Result, path string, allowed ...string) {
	first := ""
	for name := range object {
		if !slices.Contains(allowed, name) && (first == "" || name < first) {
			first = name
		}
	}
	if first != "" {
		p.must(false, join(path, first), "Extra inputs are not permitted")
	}
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

func (p *parser) model(models *catalogue.Catalogue) {
	name := p.top["model"]
	p.must(name.Exists(), "model", "Field required")
	p.must(name.Type == gjson.String, "model", "Input should be a valid string")
	m, ok := models.Find(name.Str)
	if p.bad == nil && (!ok || m.Owner != "anthropic") {
		p.bad = &dialogue.Refusal{Status: http.StatusNotFound, Type: "not_found_error", Message: "model: " + name.Str, Cause: "invalid"}
	}
	p.prompt.Model = m
}

// text is a block's text, which must have something to say.
func (p *parser) text(v gjson.Result, path, where string) {
	p.must(v.Exists(), join(path, "text"), "Field required")
	p.must(v.Type == gjson.String, join(path, "text"), "Input should be a valid string")
	p.must(v.Str != "", where, "text content blocks must be non-empty")
	p.must(strings.TrimSpace(v.Str) != "", where, "text content blocks must contain non-whitespace text")
}

func (p *parser) system(v gjson.Result) {
	switch {
	case !v.Exists():
	case v.Type == gjson.String:
		p.place(v, dialogue.Tokens(len(v.Str)), "system")
	case v.IsArray():
		for i, b := range v.Array() {
			path := at("system", i)
			p.must(b.Get("type").Str == "text", path+".type", "Input should be 'text'")
			p.extra(b.Map(), path, "type", "text", "cache_control", "citations")
			p.text(b.Get("text"), path, "system")
			p.place(b, dialogue.Tokens(len(b.Get("text").Str)), path)
		}
	default:
		p.must(false, "system", "Input should be a valid string or a valid list")
	}
}
