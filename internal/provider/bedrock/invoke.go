package bedrock

import (
	"io"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// invokeVersion is the only value there is. (AWS docs, Bedrock, "Anthropic Claude
// Messages API".)
const invokeVersion = "bedrock-2023-05-31"

// elsewhere are the fields of a Messages body that InvokeModel has in its path or
// its headers, or not at all; it refuses fields that it does not know. Those of
// value true are missed, and so noted. Breakpoints within the content are not
// meant: cache_control at the top is the automatic one.
var elsewhere = map[string]bool{
	"model": false, "stream": false, "anthropic_version": false, "anthropic_beta": false,
	"service_tier": false, "inference_geo": true, "cache_control": true,
}

// invoke makes the call of InvokeModel. The rest of the body keeps its bytes and
// its order, on which the prompt cache depends.
func (d *Dialect) invoke(r *request) (*provider.Call, error) {
	body := d.invokeBody(r)
	call, err := r.call("invoke", "invoke-with-response-stream", body, invoked{r.answer})
	if err == nil && r.tier != "" {
		call.Header.Set("X-Amzn-Bedrock-Service-Tier", r.tier)
	}
	return call, err
}

func (d *Dialect) invokeBody(r *request) []byte {
	w := &writer{b: make([]byte, 0, len(r.doc.Raw)+256)}
	w.open('{').key("anthropic_version").text(invokeVersion)
	if betas := r.knownBetas(); len(betas) > 0 {
		w.key("anthropic_beta").open('[')
		for _, name := range betas {
			w.text(name)
		}
		w.end(']')
	}
	bound := d.boundOf(r)
	r.doc.ForEach(func(name, value gjson.Result) bool {
		missed, leftOut := elsewhere[name.Str]
		switch {
		case name.Str == "max_tokens" && bound > 0:
			w.key(name.Str).number(bound)
		case missed:
			r.drop(name.Str)
		case !leftOut:
			w.raw(name.Raw)
			w.b = append(append(w.b, ':'), value.Raw...)
		}
		return true
	})
	return w.end('}').b
}

// boundOf is what max_tokens becomes when the client named no bound; 0 leaves it
// as it is. A thinking budget was derived from the bound and must stay below it.
func (d *Dialect) boundOf(r *request) int64 {
	if !r.unbounded || r.get("thinking").Get("budget_tokens").Exists() {
		return 0
	}
	bound := d.cfg.MaxTokens
	if bound <= 0 {
		bound = defaultMaxTokens
	}
	return min(bound, r.get("max_tokens").Int())
}

// betas are the features that InvokeModel takes, by name without date; those of
// the list in AWS's docs and those that were tried. It answers any other name,
// even one that changes nothing, with "invalid beta flag", and Claude Code sends
// several of them. (AWS docs, Bedrock, "Anthropic Claude Messages API".)
var betas = []string{
	"computer-use", "token-efficient-tools", "interleaved-thinking", "output-128k", "dev-full-thinking",
	"context-1m", "context-management", "effort", "tool-search-tool", "tool-examples",
	"structured-outputs", "fine-grained-tool-streaming",
}

// knownBetas are those of the request's that Bedrock has.
func (r *request) knownBetas() []string {
	var known []string
	for _, name := range append(r.betas, textsOf(r.get("anthropic_beta"))...) {
		switch {
		case slices.Contains(known, name):
		case slices.ContainsFunc(betas, func(b string) bool { return strings.HasPrefix(name, b+"-2") }):
			known = append(known, name)
		default:
			r.drop("anthropic-beta")
		}
	}
	return known
}

// splitBetas reads the values of anthropic-beta headers.
func splitBetas(values []string) []string {
	return strings.FieldsFunc(strings.Join(values, ","), func(c rune) bool { return c == ',' || c == ' ' })
}

func textsOf(list gjson.Result) []string {
	var out []string
	for _, v := range list.Array() {
		if isString(v) {
			out = append(out, v.Str)
		}
	}
	return out
}

// invoked reads the answers of InvokeModel: whole ones are Messages as they are,
// streams have the events of Messages packed in frames.
type invoked struct{ messages provider.Answer }

var _ provider.Answer = invoked{}

// Whole implements provider.Answer.
func (a invoked) Whole(body []byte) (provider.Reply, error) { return a.messages.Whole(body) }

// Stream implements provider.Answer.
func (a invoked) Stream(body io.Reader) provider.Stream {
	return a.messages.Stream(newEventBody(body, unpackChunk))
}
