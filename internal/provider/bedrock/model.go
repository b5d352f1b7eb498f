package bedrock

import (
	"regexp"
	"strings"

	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/fallow-dev/fallow/internal/chat"
)

// modelForm is what the ids and ARNs of models, profiles and imported models are
// made of; they are put into a path. (AWS docs, Bedrock API reference,
// InvokeModel, modelId.)
var modelForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:/-]*$`)

// maxModel is the longest of them, in bytes.
const maxModel = 2048

// pathOf is the path of an operation on a model.
func pathOf(model, operation string) (string, error) {
	if len(model) > maxModel || !modelForm.MatchString(model) {
		return "", &chat.ParamError{Param: "model", Message: "is no id or ARN of a Bedrock model, such as \"us.anthropic.claude-sonnet-4-6\""}
	}
	return "/model/" + httpbinding.EscapePath(model, true) + "/" + operation, nil
}

// idOf is the id in an ARN, or the id itself. Application inference profiles and
// imported models have only a random one, so they keep the ARN.
func idOf(model string) string {
	if i := strings.LastIndexByte(model, '/'); i >= 0 && !isOpaque(model) {
		return model[i+1:]
	}
	return model
}

// isOpaque reports whether an ARN hides which model it leads to.
func isOpaque(model string) bool {
	return strings.HasPrefix(model, "arn:") &&
		!strings.Contains(model, ":foundation-model/") && !strings.Contains(model, ":inference-profile/")
}

// makerOf is who made a model, such as "anthropic"; empty for an opaque ARN.
func makerOf(model string) string {
	if isOpaque(model) {
		return ""
	}
	maker, rest, _ := strings.Cut(idOf(model), ".")
	if geographies[maker] {
		maker, _, _ = strings.Cut(rest, ".")
	}
	return maker
}

// geographies are the prefixes of inference profiles' ids. They are listed since
// their form tells nothing: "openai.gpt-5.5" has as many dots as "us.meta.llama4".
var geographies = map[string]bool{
	"us": true, "us-gov": true, "eu": true, "apac": true, "ap": true, "jp": true, "au": true, "ca": true,
	"sa": true, "me": true, "af": true, "mx": true, "in": true, "uk": true, "global": true,
}

func isClaude(model string) bool { return makerOf(model) == "anthropic" }

// traits are what a model takes beyond the common part of Converse.
type traits struct {
	// cache and toolCache: breakpoints in the prompt, and after the tools. Other
	// models refuse a request that has any.
	cache, toolCache bool
	// thinking: Anthropic's thinking and effort, by their own names.
	thinking bool
	// effort: reasoning_effort as OpenAI's open models have it.
	effort bool
}

// traitsOf describes a model that Converse is used for. What hides behind an
// opaque ARN is likely to be Claude, with which application profiles are mostly
// used, so it gets what the client sent.
func traitsOf(model string) traits {
	switch makerOf(model) {
	case "":
		return traits{cache: true, toolCache: true, thinking: true}
	case "amazon":
		return traits{cache: strings.Contains(model, "nova")}
	case "openai":
		return traits{effort: true}
	default:
		return traits{}
	}
}
