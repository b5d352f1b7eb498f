package anthropic

import (
	"regexp"
	"strings"
)

// sharedFamilies are the model classes whose versions draw on one quota. Every
// other model has its own. (Anthropic docs, api/rate-limits: Opus 4.x and
// Sonnet 4.x; Fable 5.x by third-party report only.) Grouping too much would
// waste quota, grouping too little only costs a few refusals until each name
// has been told so; hence nothing is grouped by guess.
var sharedFamilies = [...]string{"claude-opus-4", "claude-sonnet-4", "claude-fable-5"}

// Family names the quota family of a model: "claude-opus-4" for every Opus
// 4.x, the name without its date for other Claude models, and the model itself
// when the name is none of Anthropic's.
func (*Dialect) Family(model string) string {
	name := baseName(model)
	for _, family := range sharedFamilies {
		if isVersionOf(name, family) {
			return family
		}
	}
	return name
}

// spelling takes a model name apart: an inference profile's prefix ("us.",
// "anthropic."), the name, the date after "-" (Google Cloud writes "@"), and
// the revision that Bedrock appends ("-v1:0").
var spelling = regexp.MustCompile(`^(?:(?:[a-z]+\.)?anthropic\.)?(claude-[a-z0-9-]+?)(?:[-@]\d{8}|-latest)?(?:-v\d+(?::\d+)?)?$`)

// baseName reduces the spellings of a Claude model to the one Anthropic's API
// uses, without date; other names are returned as they are.
func baseName(model string) string {
	if m := spelling.FindStringSubmatch(model); m != nil {
		return m[1]
	}
	return model
}

// isVersionOf reports whether name is line or begins with line and a dash, so
// that "claude-opus-50" is no version of "claude-opus-5".
func isVersionOf(name, line string) bool {
	rest, ok := strings.CutPrefix(name, line)
	return ok && (rest == "" || rest[0] == '-')
}
