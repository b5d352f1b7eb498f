// Package redact takes out of text what must not stand in a log: credentials,
// and what rules recognise as somebody's own.
//
// Every rule looks at the text as it was. What any of them finds is taken out
// whole, so that their order decides nothing and no rule can put together what
// another has cut. The time it takes grows with the length of the text and not
// with its content, own patterns apart, for which Check says what is known.
package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Margin is how many bytes an Excerpt should have around the part that is
// wanted: what crosses an edge is recognised if it is no longer. An RSA key of
// 8192 bits in PEM has 6.4 KB, a session token of AWS about 1 KB.
const Margin = 8 << 10

// heldName stands in the masks of the credentials that Fallow itself holds.
const heldName = "secret"

// Rule is a pattern of the operator's own.
type Rule struct {
	// Name stands in the mask, as in "[redacted ticket]".
	Name string
	// Pattern is of RE2's syntax; all that it matches is taken out.
	Pattern string
}

// Config is what a Redactor is made of. The zero Config has the ready rules.
type Config struct {
	// Own are rules beside the ready ones.
	Own []Rule
	// Off names ready rules that are not used.
	Off []string
}

// Redactor applies rules. It is immutable and safe for concurrent use.
type Redactor struct {
	off []string
	own []rule
}

// New makes a Redactor. The error is of a pattern that Check refuses. The ready
// rules are compiled with the first use, so that one without work costs nothing.
func New(cfg Config) (*Redactor, error) {
	r := &Redactor{off: cfg.Off}
	for _, own := range cfg.Own {
		pattern, err := compile(own.Pattern)
		if err != nil {
			return nil, err
		}
		r.own = append(r.own, rule{name: own.Name, find: matches(pattern, 0, nil)})
	}
	return r, nil
}

// Excerpt is the part Text[From:To] of a text. What stands around it is not
// wanted; it is there so that the rules see whole what crosses the edges.
type Excerpt struct {
	Text     string
	From, To int
}

// Mask returns the excerpt with everything found replaced by "[redacted NAME]",
// and how many masks that made. held are credentials, looked for literally and
// whatever the rules; empty ones are ignored. A mask stands for all of what it
// hides, even if an edge runs through that.
func (r *Redactor) Mask(e Excerpt, held []string) (masked string, count int) {
	from, to := runes(e)
	var out strings.Builder
	for _, s := range r.spans(e.Text, held) {
		if s.to <= from {
			continue
		}
		if s.from >= to {
			break
		}
		out.WriteString(e.Text[from:max(from, s.from)])
		out.WriteString("[redacted " + s.name + "]")
		from = s.to
		count++
	}
	if from < to {
		out.WriteString(e.Text[from:to])
	}
	return out.String(), count
}

// runes moves the edges inward to where characters begin.
func runes(e Excerpt) (from, to int) {
	from, to = e.From, e.To
	for from < to && !utf8.RuneStart(e.Text[from]) {
		from++
	}
	for to > from && to < len(e.Text) && !utf8.RuneStart(e.Text[to]) {
		to--
	}
	return from, to
}

// span is a part of a text that a rule has found.
type span struct {
	from, to int
	name     string
}

// spans lists what is found, in order and apart from each other.
func (r *Redactor) spans(text string, held []string) []span {
	var found []span
	add := func(name string) func(from, to int) {
		return func(from, to int) { found = append(found, span{from, to, name}) }
	}
	for _, secret := range held {
		literal(text, secret, add(heldName))
	}
	for _, rule := range slices.Concat(ready(), r.own) {
		if !slices.Contains(r.off, rule.name) && rule.mayMatch(text) {
			rule.find(text, add(rule.name))
		}
	}
	slices.SortStableFunc(found, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return merge(found)
}

// merge joins spans that overlap under the name of the first.
func merge(found []span) []span {
	merged := found[:0]
	for _, s := range found {
		if last := len(merged) - 1; last >= 0 && s.from < merged[last].to {
			merged[last].to = max(merged[last].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// minHalf is how much of a credential at the end of a text is taken for its
// beginning. An answer may break off anywhere.
const minHalf = 8

// literal finds every occurrence of a secret, overlapping ones too, and one that
// the end of the text has cut.
func literal(text, secret string, yield func(from, to int)) {
	if secret == "" {
		return
	}
	for at := 0; ; at++ {
		i := strings.Index(text[at:], secret)
		if i < 0 {
			break
		}
		at += i
		yield(at, at+len(secret))
	}
	for n := min(len(secret), len(text)); n >= minHalf; n-- {
		if strings.HasSuffix(text, secret[:n]) {
			yield(len(text)-n, len(text))
			return
		}
	}
}
