package bedrock

import (
	"errors"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

// converse makes the call of Converse.
func (d *Dialect) converse(r *request) (*provider.Call, error) {
	c := &conversing{request: r, is: traitsOf(r.model), bound: d.cfg.MaxTokens, w: writer{b: make([]byte, 0, len(r.doc.Raw)+256)}}
	if err := c.write(); err != nil {
		return nil, asParamError(err)
	}
	answer := conversed{messages: r.answer, model: r.model, newID: d.cfg.NewID}
	return r.call("converse", "converse-stream", c.w.b, answer)
}

// asParamError is for faults whose place in the client's request was lost when
// that became Messages.
func asParamError(err error) error {
	var p *chat.ParamError
	if errors.As(err, &p) {
		return p
	}
	return &chat.ParamError{Param: "messages", Message: err.Error()}
}

// conversing writes a Messages body anew as one of Converse. It is used once.
// (AWS docs, Bedrock API reference, Converse.)
type conversing struct {
	*request
	is    traits
	bound int64 // for a client who named none; 0 for none
	w     writer

	turn      turn
	documents int
	called    []string        // raw names of the tools in the history, in order
	calledSet map[string]bool // the same
}

// write writes the body. Tools come after the messages, since they depend on
// what the history calls.
func (c *conversing) write() error {
	c.w.open('{')
	steps := [...]func() error{c.system, c.messages, c.inference, c.tools, c.output, c.additional}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if c.tier != "" {
		c.w.key("serviceTier").open('{').key("type").text(c.tier).end('}')
	}
	c.w.end('}')
	c.dropOthers()
	return nil
}

// system writes the system prompt: a text or a list of texts.
func (c *conversing) system() error {
	system := c.get("system")
	if isEmpty(system) || isString(system) && isBlank(system) {
		return nil
	}
	c.w.key("system").open('[')
	if isString(system) {
		c.w.open('{').key("text").raw(system.Raw).end('}')
	}
	for _, block := range arrayOf(system) {
		if text := block.Get("text"); isString(text) && !isBlank(text) {
			c.w.open('{').key("text").raw(text.Raw).end('}')
			c.mark(block)
		}
	}
	c.w.end(']')
	return nil
}

// mark writes the breakpoint of a block behind it, if the model has any.
func (c *conversing) mark(block gjson.Result) {
	if c.is.cache {
		c.cachePoint(block.Get("cache_control"))
	}
}

func (c *conversing) cachePoint(mark gjson.Result) {
	if isEmpty(mark) {
		return
	}
	c.w.open('{').key("cachePoint").open('{').key("type").text("default")
	if ttl := mark.Get("ttl"); ttl.Str == "1h" {
		c.w.key("ttl").raw(ttl.Raw)
	}
	c.w.end('}').end('}')
}

// inference writes the parameters that all models share.
func (c *conversing) inference() error {
	c.w.key("inferenceConfig").open('{')
	switch {
	case !c.unbounded && c.get("max_tokens").Exists():
		c.w.key("maxTokens").raw(c.get("max_tokens").Raw)
	case c.unbounded && c.bound > 0:
		c.w.key("maxTokens").number(c.bound)
	}
	for _, p := range [...]struct{ from, to string }{
		{"temperature", "temperature"}, {"top_p", "topP"}, {"stop_sequences", "stopSequences"},
	} {
		if v := c.get(p.from); !isEmpty(v) {
			c.w.key(p.to).raw(v.Raw)
		}
	}
	c.w.end('}')
	return nil
}

// output writes what the answer must look like.
func (c *conversing) output() error {
	schema := c.get("output_config").Get("format.schema")
	effort := c.get("output_config").Get("effort")
	if effort.Exists() && !c.is.thinking && !c.is.effort {
		c.drop("effort")
	}
	hasEffort := isString(effort) && c.is.thinking
	if !schema.IsObject() && !hasEffort {
		return nil
	}
	c.w.key("outputConfig").open('{')
	if hasEffort {
		c.w.key("effort").raw(effort.Raw)
	}
	if schema.IsObject() {
		// The schema is a text with JSON in it, unlike that of a tool.
		c.w.key("textFormat").open('{').key("type").text("json_schema")
		c.w.key("structure").open('{').key("jsonSchema").open('{')
		c.w.key("name").text("answer").key("schema").text(schema.Raw)
		c.w.end('}').end('}').end('}')
	}
	c.w.end('}')
	return nil
}

// openEfforts are the levels of OpenAI's open models. (Their model card.)
var openEfforts = map[string]string{"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}

// additional writes the parameters of single models, under their own names.
func (c *conversing) additional() error {
	thinking := c.get("thinking")
	if c.effort == "" {
		c.effort = c.get("output_config").Get("effort").Str
	}
	switch level := openEfforts[c.effort]; {
	case c.is.effort && level != "":
		c.w.key("additionalModelRequestFields").open('{').key("reasoning_effort").text(level).end('}')
	case c.is.thinking && thinking.IsObject():
		c.w.key("additionalModelRequestFields").open('{').key("thinking").raw(thinking.Raw).end('}')
	case thinking.Exists() && thinking.Get("type").Str != "disabled":
		c.drop("thinking")
	}
	return nil
}

// honoured are the fields of a Messages body that are translated, or that ask
// for nothing that Converse could do.
var honoured = map[string]bool{
	"model": true, "stream": true, "max_tokens": true, "system": true, "messages": true, "tools": true, "tool_choice": true,
	"temperature": true, "top_p": true, "stop_sequences": true, "output_config": true, "thinking": true,
	"service_tier": true, "anthropic_version": true,
}

// dropOthers notes what is left out.
func (c *conversing) dropOthers() {
	c.doc.ForEach(func(name, value gjson.Result) bool {
		if !honoured[name.Str] && !isEmpty(value) {
			c.drop(name.Str)
		}
		return true
	})
	if len(c.betas) > 0 {
		c.drop("anthropic-beta")
	}
}

// arrayOf is the elements of an array, and nothing for anything else.
func arrayOf(v gjson.Result) []gjson.Result {
	if !v.IsArray() {
		return nil
	}
	return v.Array()
}
