package config

import (
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/redact"
)

// RouteLog says what is logged of the words of a route's requests. The zero
// RouteLog, which is that of a route that does not say, logs nothing.
type RouteLog struct {
	// Prompts and Answers say whether they are logged at all.
	Prompts bool `yaml:"prompts,omitempty"`
	Answers bool `yaml:"answers,omitempty"`
	// PromptBytes and AnswerBytes are the most of each; default 16384. Of a
	// longer prompt the end is logged and of a longer answer the beginning.
	PromptBytes int64 `yaml:"prompt_bytes"`
	AnswerBytes int64 `yaml:"answer_bytes"`
	// Share of the requests, > 0 to 1, that are logged; default 1.
	Share float64 `yaml:"share"`
}

// RedactRule takes something out of what is logged: an own pattern does, and a
// ready rule that is named with Off does not.
type RedactRule struct {
	// Name stands in the log in place of what was taken out.
	Name string `yaml:"name"`
	// Pattern is of RE2's syntax; required unless Off.
	Pattern string `yaml:"pattern,omitempty"`
	// Off turns off the ready rule of this name.
	Off bool `yaml:"off,omitempty"`
}

// Redaction is what the document says of rules, as package redact takes it.
func (c *Config) Redaction() redact.Config {
	var out redact.Config
	for _, rule := range c.Redact {
		if rule.Off {
			out.Off = append(out.Off, rule.Name)
			continue
		}
		out.Own = append(out.Own, redact.Rule{Name: rule.Name, Pattern: rule.Pattern})
	}
	return out
}

func checkLog(l RouteLog, path string, r *report) {
	if l == (RouteLog{}) {
		return
	}
	for _, bound := range []struct {
		field string
		value int64
	}{{"prompt_bytes", l.PromptBytes}, {"answer_bytes", l.AnswerBytes}} {
		if bound.value < minLogBytes || bound.value > maxLogBytes {
			r.add(join(path, bound.field), "is %d, must be from %d to %d", bound.value, minLogBytes, maxLogBytes)
		}
	}
	if !(l.Share > 0 && l.Share <= 1) {
		r.add(join(path, "share"), "is %v, must be more than 0 and at most 1, which is all requests", l.Share)
	}
	if !l.Prompts && !l.Answers {
		r.add(join(path, "prompts"), "is missing: write prompts: true, answers: true or both, or remove log")
	}
}

// maxRedactRules bounds the own rules: each looks at all that is logged.
const maxRedactRules = 50

func checkRedact(rules []RedactRule, r *report) {
	if len(rules) > maxRedactRules {
		r.add("redact", "has %d rules, at most %d may be: join patterns with |", len(rules), maxRedactRules)
	}
	names := unique[string]{}
	for i, rule := range rules {
		path := item("redact", i)
		checkName(rule.Name, join(path, "name"), r)
		names.check(rule.Name, join(path, "name"), r, "is the same as %s: names are unique")
		checkRedactRule(rule, path, r)
	}
}

func checkRedactRule(rule RedactRule, path string, r *report) {
	isReady := slices.Contains(redact.Ready(), rule.Name)
	switch {
	case rule.Off && rule.Pattern != "":
		r.add(join(path, "pattern"), "contradicts off: remove one of them")
	case rule.Off && !isReady && rule.Name != "":
		r.add(join(path, "name"), "there is no ready rule %s to turn off; %s", show(rule.Name), hint(rule.Name, redact.Ready()))
	case rule.Off:
	case rule.Pattern == "":
		r.add(path, "says nothing: write pattern, or off: true for one of the ready rules %s", strings.Join(redact.Ready(), ", "))
	case isReady:
		r.add(join(path, "name"), "%s is a ready rule: choose another name, and add it with off: true to replace it", show(rule.Name))
	default:
		if err := redact.Check(rule.Pattern); err != nil {
			r.add(join(path, "pattern"), "%v", err)
		}
	}
}
