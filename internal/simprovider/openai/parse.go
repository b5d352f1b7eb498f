// Package openai is the simulated provider's side of OpenAI's wire formats: Chat
// Completions, Responses and the legacy completions as conversations, and the
// APIs that answer at once. Beside malformed requests it refuses what the real
// API does in the places where gateways tend to go wrong; fields it does not know
// are ignored, as most servers compatible with OpenAI do.
package openai

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// Dialect speaks Chat Completions. It is immutable and safe for concurrent use.
type Dialect struct {
	// Models are those that it serves; required.
	Models *catalogue.Catalogue
}

// Parse reads the body of POST /v1/chat/completions.
func (d Dialect) Parse(body []byte, _ http.Header) (*dialogue.Prompt, *dialogue.Refusal) {
	p := &parser{prompt: &dialogue.Prompt{}}
	p.must(gjson.ValidBytes(body) && gjson.ParseBytes(body).IsObject(), "", "", "We could not parse the JSON body of your request.")
	if p.bad != nil {
		return nil, p.bad
	}
	p.top = gjson.ParseBytes(body).Map()
	p.model(d.Models)
	p.messages(p.top["messages"])
	p.tools(p.top["tools"])
	p.choice(p.top["tool_choice"])
	p.format(p.top["response_format"])
	p.options()
	if p.bad != nil {
		return nil, p.bad
	}
	p.measure(body)
	return p.prompt, p.bad
}

// parser walks a request and keeps the first fault it meets.
type parser struct {
	prompt            *dialogue.Prompt
	top               map[string]gjson.Result
	bad               *dialogue.Refusal
	media, mediaBytes int
}

// must notes a fault unless ok; param is the parameter's path as OpenAI
// writes it.
func (p *parser) must(ok bool, param, code, message string) {
	if !ok && p.bad == nil {
		p.bad = &dialogue.Refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param, Message: message, Cause: "invalid"}
	}
}

// required refuses a parameter that is absent.
func (p *parser) required(v gjson.Result, param string) {
	p.must(v.Exists(), param, "missing_required_parameter", "Missing required parameter: '"+param+"'.")
}

func (p *parser) oneOf(value, param string, allowed ...string) {
	p.must(slices.Contains(allowed, value), param, "invalid_value",
		"Invalid value: '"+value+"'. Supported values are: '"+strings.Join(allowed, "', '")+"'.")
}

func (p *parser) model(models *catalogue.Catalogue) {
	name := p.top["model"].Str
	p.must(name != "", "", "", "you must provide a model parameter")
	m, ok := models.Find(name)
	if p.bad == nil && !ok {
		p.bad = &dialogue.Refusal{Status: http.StatusNotFound, Type: "invalid_request_error", Code: "model_not_found", Cause: "invalid",
			Message: "The model `" + name + "` does not exist or you do not have access to it."}
	}
	p.prompt.Model = m
}

func (p *parser) options() {
	stream, options := p.top["stream"], p.top["stream_options"]
	p.prompt.Stream = stream.Bool()
	p.must(stream.Bool() || !options.IsObject(), "stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	p.prompt.IncludeUsage = options.Get("include_usage").Bool()
	p.bounds()
	stop := p.top["stop"]
	p.must(len(stop.Array()) <= 4, "stop", "array_above_max_length", "Invalid 'stop': array too long. Expected an array with maximum length 4.")
	for _, s := range stop.Array() {
		if s.Str != "" {
			p.prompt.Stops = append(p.prompt.Stops, s.Str)
		}
	}
	temperature := p.top["temperature"].Num
	p.must(temperature >= 0 && temperature <= 2, "temperature", "decimal_above_max_value", fmt.Sprintf("Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got %v instead.", temperature))
	p.must(p.top["n"].Int() <= 1, "n", "", "The simulated provider answers with one choice only.")
}

// bounds reads max_completion_tokens or its predecessor.
func (p *parser) bounds() {
	most := p.top["max_completion_tokens"]
	p.must(most.Type == gjson.Null || p.top["max_tokens"].Type == gjson.Null, "max_tokens", "invalid_parameter_combination",
		"Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	name := "max_completion_tokens"
	if most.Type == gjson.Null {
		name, most = "max_tokens", p.top["max_tokens"]
	}
	p.prompt.MaxTokens = p.prompt.Model.MaxOutput
	// What is held against the limit when nobody says how long the answer
	// may be; the figure is OpenAI's old default.
	p.prompt.Reserve = 16
	if most.Type == gjson.Null {
		return
	}
	n := int(most.Int())
	p.must(most.Type == gjson.Number && n >= 1, name, "integer_below_min_value", "Invalid '"+name+"': integer below minimum value. Expected a value >= 1.")
	p.must(n <= p.prompt.Model.MaxOutput, name, "invalid_value", fmt.Sprintf("%s is too large: %d. This model supports at most %d completion tokens.", name, n, p.prompt.Model.MaxOutput))
	p.prompt.MaxTokens, p.prompt.Reserve = n, n
}

// cacheTTL is how long a prefix is remembered; OpenAI says 5 to 10 minutes.
const cacheTTL = 5 * time.Minute

// measure sets the sizes and the places up to which the prompt may be cached:
// OpenAI caches by itself, so every message is one.
func (p *parser) measure(body []byte) {
	h := fnv.New64a()
	h.Write([]byte(p.top["model"].Raw + p.top["tools"].Raw))
	tokens := dialogue.Tokens(len(p.top["tools"].Raw))
	for i, m := range p.top["messages"].Array() {
		h.Write([]byte(m.Raw))
		tokens += 3 + sizeOf(m)
		s := dialogue.Segment{Hash: h.Sum64(), Tokens: tokens}
		if i == int(p.top["messages"].Get("#").Int())-1 {
			s.TTL = cacheTTL
		}
		p.prompt.Segments = append(p.prompt.Segments, s)
	}
	p.prompt.Tokens = tokens
	p.prompt.Estimate = dialogue.Tokens(len(body)-p.mediaBytes) + p.media*dialogue.MediaTokens
	p.prompt.Digest = dialogue.Digest(p.prompt.Model.ID, p.top["messages"].Raw, p.top["tools"].Raw)
	p.must(tokens <= p.prompt.Model.MaxInput, "messages", "context_length_exceeded", fmt.Sprintf(
		"This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", p.prompt.Model.MaxInput, tokens))
}

func sizeOf(m gjson.Result) int {
	tokens := dialogue.Tokens(len(m.Get("tool_calls").Raw))
	c := m.Get("content")
	if c.Type == gjson.String {
		return tokens + dialogue.Tokens(len(c.Str))
	}
	for _, part := range c.Array() {
		if text := part.Get("text"); text.Exists() {
			tokens += dialogue.Tokens(len(text.Str))
		} else {
			tokens += dialogue.MediaTokens
		}
	}
	return tokens
}
