package anthropic

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// options checks everything beside the conversation. A generation must have
// max_tokens; a count of tokens must not.
func (p *parser) options(generates bool) {
	p.must(!p.top["tool_choice"].Exists() || len(p.top["tools"].Array()) > 0, "tool_choice", "tool_choice may only be specified while providing tools.")
	if generates {
		p.maxTokens(p.top["max_tokens"])
	}
	stream := p.top["stream"]
	p.must(!stream.Exists() || stream.IsBool(), "stream", "Input should be a valid boolean")
	p.prompt.Stream = stream.Bool()
	p.stops(p.top["stop_sequences"])
	p.sampling()
	p.thinking(p.top["thinking"])
	p.output(p.top["output_config"])
	p.extra(p.top["metadata"].Map(), "metadata", "user_id")
	p.must(utf8.RuneCountInString(p.top["metadata"].Get("user_id").Str) <= 256, "metadata.user_id", "String should have at most 256 characters")
	tier := p.top["service_tier"]
	p.must(!tier.Exists() || tier.Str == "auto" || tier.Str == "standard_only", "service_tier", "Input should be 'auto' or 'standard_only'")
}

func (p *parser) maxTokens(v gjson.Result) {
	m := p.prompt.Model
	p.must(v.Exists(), "max_tokens", "Field required")
	p.must(v.Type == gjson.Number && v.Num == float64(int(v.Num)), "max_tokens", "Input should be a valid integer")
	p.must(v.Num >= 0, "max_tokens", "Input should be greater than or equal to 0")
	p.must(int(v.Num) <= m.MaxOutput, "max_tokens", fmt.Sprintf("%.0f > %d, which is the maximum allowed number of output tokens for %s", v.Num, m.MaxOutput, m.ID))
	p.prompt.MaxTokens = int(v.Num)
}

func (p *parser) stops(v gjson.Result) {
	p.must(!v.Exists() || v.IsArray(), "stop_sequences", "Input should be a valid list")
	for i, s := range v.Array() {
		p.must(s.Type == gjson.String, at("stop_sequences", i), "Input should be a valid string")
		p.must(strings.TrimSpace(s.Str) != "", "stop_sequences", "each stop sequence must contain non-whitespace")
		p.prompt.Stops = append(p.prompt.Stops, s.Str)
	}
}

// The API versions. The new one knows no sampling parameters, no documents of
// the assistant's and no citations on the user's texts (Anthropic docs, api/versioning).
const (
	oldVersion = "2023-06-01"
	newVersion = "2026-10-21"
)

func (p *parser) sampling() {
	temperature, topP, topK := p.top["temperature"], p.top["top_p"], p.top["top_k"]
	for _, name := range []string{"temperature", "top_p", "top_k"} {
		v := p.top[name]
		p.must(!v.Exists() || v.Type == gjson.Number, name, "Input should be a valid number")
		p.must(!v.Exists() || p.version != newVersion, name, "Extra inputs are not permitted")
	}
	p.must(temperature.Num >= 0 && temperature.Num <= 1, "temperature", "range: 0..1")
	p.must(topP.Num >= 0 && topP.Num <= 1, "top_p", "range: 0..1")
	if p.prompt.Model.Sampling {
		p.must(p.prompt.Model.Pair || !temperature.Exists() || !topP.Exists(), "", "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
		return
	}
	p.must(!temperature.Exists() || temperature.Num == 1, "", "`temperature` is deprecated for this model.")
	p.must(!topP.Exists() || topP.Num >= 0.99, "", "`top_p` is deprecated for this model.")
	p.must(!topK.Exists(), "", "`top_k` is deprecated for this model.")
}

func (p *parser) thinking(v gjson.Result) {
	m, kind := p.prompt.Model, v.Get("type").Str
	fields := map[string][]string{
		"enabled": {"type", "budget_tokens", "display"}, "adaptive": {"type", "display"},
		"between_tools": {"type", "display"}, "disabled": {"type"},
	}[kind]
	if v.Exists() {
		p.must(fields != nil, "thinking", "Input tag '"+kind+"' found using 'type' does not match any of the expected tags: 'adaptive', 'between_tools', 'disabled', 'enabled'")
		p.unknown(v.Map(), "thinking."+kind, fields...)
		p.must(catalogue.Allows(m.Thinking, kind), "", `"thinking.type.`+kind+`" is not supported for this model.`)
	}
	if kind == "enabled" {
		p.manual(v.Get("budget_tokens"))
	}
	display := v.Get("display")
	p.must(!display.Exists() || display.Str == "summarized" || display.Str == "omitted", "thinking."+kind+".display", "Input should be 'summarized' or 'omitted'")
	// A forced call leaves no room to think first.
	p.prompt.Thinking = (m.Thinks || v.Exists()) && kind != "disabled" && !forced(p.prompt.Choice)
	p.prompt.ShowThinking = display.Str == "summarized" || !display.Exists() && !m.Hides
}

// manual checks thinking with a budget.
func (p *parser) manual(budget gjson.Result) {
	p.must(budget.Exists(), "thinking.enabled.budget_tokens", "Field required")
	p.must(budget.Num >= 1024, "thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024")
	p.must(p.prompt.MaxTokens > int(budget.Num) || !p.top["max_tokens"].Exists(), "", "`max_tokens` must be greater than `thinking.budget_tokens`.")
	temperature, topP := p.top["temperature"], p.top["top_p"]
	p.must(!temperature.Exists() || temperature.Num == 1, "", "`temperature` may only be set to 1 when thinking is enabled.")
	p.must(!topP.Exists() || topP.Num >= 0.95, "", "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")
	p.must(!p.top["top_k"].Exists(), "", "`top_k` must be unset when thinking is enabled.")
	p.must(!p.prefilled(), "messages", "final assistant content cannot be prefilled when thinking is enabled")
}

// prefilled reports whether the conversation ends with the assistant's words.
func (p *parser) prefilled() bool {
	return p.top["messages"].Get("@reverse.0.role").Str == "assistant"
}

func (p *parser) output(v gjson.Result) {
	p.unknown(v.Map(), "output_config", "effort", "format", "task_budget")
	if effort := v.Get("effort"); effort.Exists() {
		levels := p.prompt.Model.Effort
		p.must(len(levels) > 0, "", "This model does not support the effort parameter.")
		p.must(slices.Contains(levels, effort.Str), "", "This model does not support effort level '"+effort.Str+"'. Supported levels: "+strings.Join(levels, ", ")+".")
		p.must(p.top["thinking"].Get("type").Str != "between_tools" || effort.Str != "xhigh" && effort.Str != "max", "", "thinking.type.between_tools needs an effort of high or less.")
	}
	format := v.Get("format")
	if !format.Exists() {
		return
	}
	p.extra(format.Map(), "output_config.format", "type", "schema")
	p.must(format.Get("type").Str == "json_schema", "output_config.format.type", "Input should be 'json_schema'")
	p.must(format.Get("schema").IsObject(), "output_config.format.schema", "Field required")
	p.closed(format.Get("schema"), "output_config.format.schema", 0)
	p.must(!p.prefilled(), "", "Prefilling assistant messages is not supported with structured outputs.")
	p.prompt.Schema = format.Get("schema")
}

// finish checks and fills in what needs the whole request.
func (p *parser) finish() {
	for _, place := range p.places {
		p.prompt.Tokens += place.tokens
	}
	p.must(p.prompt.Tokens <= p.prompt.Model.MaxInput, "", fmt.Sprintf("prompt is too long: %d tokens > %d maximum", p.prompt.Tokens, p.prompt.Model.MaxInput))
	if p.bad == nil {
		p.segments()
		p.prompt.Digest = dialogue.Digest(p.prompt.Model.ID, p.top["system"].Raw, p.top["messages"].Raw, p.top["tools"].Raw)
	}
}
