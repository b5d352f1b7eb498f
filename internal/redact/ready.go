package redact

import (
	"regexp"
	"strings"
	"sync"
)

// rule finds things of one kind.
type rule struct {
	name string
	// needs has a part of every match; a text without any of them is not
	// searched, which spares most texts most patterns. Nil: nothing is known.
	needs []string
	find  func(text string, yield func(from, to int))
}

func (r rule) mayMatch(text string) bool {
	for _, part := range r.needs {
		if strings.Contains(text, part) {
			return true
		}
	}
	return r.needs == nil
}

// Ready lists the names of the ready rules. They are few, and of things whose
// form gives them away: a rule for telephone numbers or names of people would
// take out half of any text or leave half of what it promises.
func Ready() []string {
	return []string{"email", "api_key", "bearer", "jwt", "aws_key", "private_key", "card"}
}

// ready are the ready rules. They are compiled when somebody logs prompts: it
// takes a millisecond, which no start of another instance should pay for.
var ready = sync.OnceValue(func() []rule {
	return []rule{
		{"email", []string{"@"}, re(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`, nil)},
		// OpenAI's form, which most have taken up, Stripe's among them. Whatever
		// precedes it: in JSON within JSON a new line is the letter n.
		{"api_key", []string{"sk-", "sk_", "rk_", "pk_"}, re(`(?:sk[-_]|[rp]k_)[A-Za-z0-9_-]{16,}`, hasRandomRun)},
		// Fireworks, Hugging Face, Together AI, xAI.
		{"api_key", []string{"fw_", "hf_", "tgp_", "xai-"}, re(`(?:fw_|hf_|tgp_|xai-)[A-Za-z0-9_-]{16,}`, hasRandomRun)},
		// Google, Bedrock, GitHub, GitLab, Slack, npm, PyPI.
		{"api_key", []string{"AIza", "ABSK", "gh", "glpat-", "xox", "npm_", "pypi-", "ya29."},
			re(`(?:AIza|ABSK|gh[opusr]_|github_pat_|glpat-|xox[abeprs]-|npm_|pypi-|ya29\.)[A-Za-z0-9_.+/=-]{16,}`, nil)},
		{"bearer", []string{"earer", "BEARER", "asic", "BASIC"},
			re(`(?:[Bb]earer|BEARER|[Bb]asic|BASIC)[ \t]+([A-Za-z0-9._~+/=-]{8,})`, isNoWord)},
		{"jwt", []string{"eyJ"}, re(`eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}`, nil)},
		{"aws_key", []string{"AKIA", "ASIA"}, re(`(?:AKIA|ASIA)[A-Z0-9]{16}`, nil)},
		{"aws_key", []string{"ecret", "SECRET", "ession", "SESSION"},
			re(`(?:[Ss]ecret.?[Aa]ccess.?[Kk]ey|SECRET.?ACCESS.?KEY|[Ss]ession.?[Tt]oken|SESSION.?TOKEN)`+
				`["'\\]{0,2}\s{0,3}[:=]\s{0,3}["'\\]{0,2}([A-Za-z0-9/+=]{40,})`, nil)},
		// Without its end the rest of the text is taken for the key.
		{"private_key", []string{"PRIVATE KEY"},
			re(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)`, nil)},
		{"card", nil, cards},
	}
})

// re finds what the group of a pattern matches, or all of it if there is none.
func re(pattern string, sure func(string) bool) func(string, func(from, to int)) {
	compiled := regexp.MustCompile(pattern)
	return matches(compiled, compiled.NumSubexp(), sure)
}

// matches finds what a group of a pattern matches, unless sure, which may be
// nil, says that it is something else.
func matches(pattern *regexp.Regexp, group int, sure func(string) bool) func(string, func(from, to int)) {
	return func(text string, yield func(from, to int)) {
		for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
			from, to := at[2*group], at[2*group+1]
			if from < to && (sure == nil || sure(text[from:to])) {
				yield(from, to)
			}
		}
	}
}

// minRun is the fewest letters and digits in a row that a key has somewhere.
// Compound words such as "risk-based-approach-2024" have fewer.
const minRun = 12

// hasRandomRun tells a key from words that begin or are joined like one.
func hasRandomRun(token string) bool {
	run, digits := 0, 0
	for i := range len(token) {
		switch c := token[i]; {
		case isDigit(c):
			run++
			digits++
		case isLetter(c):
			run++
		default:
			run, digits = 0, 0
		}
		if run >= minRun && digits > 0 {
			return true
		}
	}
	return false
}

// isNoWord tells a credential from the word in "basic understanding": that has
// no digit, and no capital but its first letter.
func isNoWord(token string) bool {
	return strings.ContainsAny(token, "0123456789") ||
		strings.ContainsAny(token[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ToUpper(token) != token
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
