package anthropic

import (
	"slices"
	"strings"
)

// maxBetas bounds a header that the client fills.
const maxBetas = 20

// writeBetas writes the header anthropic-beta: the names that the client sent as
// extra_body, and those that belong to what the request uses.
func (e *encoder) writeBetas() error {
	sent := e.get("anthropic_beta").Array()
	if len(sent) > maxBetas {
		return paramError("anthropic_beta", "must hold at most %d names", maxBetas)
	}
	var names []string
	for _, beta := range sent {
		if !isHeaderName(beta.Str) {
			return paramError("anthropic_beta", "must be a list of beta names such as \"files-api-2025-04-14\"")
		}
		names = append(names, beta.Str)
	}
	for _, use := range e.uses() {
		names = mergeBeta(names, table().Betas[use])
	}
	if len(names) > 0 {
		e.header.Set("Anthropic-Beta", strings.Join(names, ","))
	}
	return nil
}

// uses lists what the request uses that may need a beta, in a fixed order.
func (e *encoder) uses() []string {
	var uses []string
	for _, name := range extras {
		if !isInert(e.get(name)) {
			uses = append(uses, name)
		}
	}
	if !isInert(e.get("mcp_servers")) {
		uses = append(uses, "mcp_servers")
	}
	if e.history.seen.files {
		uses = append(uses, "files")
	}
	return append(uses, e.tools.types...)
}

// mergeBeta adds a name unless the client chose a version of that beta itself.
func mergeBeta(names []string, beta string) []string {
	if beta == "" || slices.ContainsFunc(names, func(n string) bool { return undated(n) == undated(beta) }) {
		return names
	}
	return append(names, beta)
}

// undated is a beta's name without the date of its version, "-2025-04-14".
func undated(beta string) string {
	const date = len("-2006-01-02")
	if len(beta) <= date {
		return beta
	}
	return beta[:len(beta)-date]
}
