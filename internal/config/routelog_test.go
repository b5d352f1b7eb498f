package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/redact"
)

// logging is the good document with a route that logs, and rules.
func logging(log, rules string) string {
	doc := strings.Replace(good, "model: claude-sonnet-5}]}", "model: claude-sonnet-5}], log: "+log+"}", 1)
	return doc + "redact: " + rules + "\n"
}

func TestRouteLogDefaults(t *testing.T) {
	t.Parallel()
	c := parse(t, logging("{prompts: true}", "[]"))
	want := config.RouteLog{Prompts: true, PromptBytes: 16384, AnswerBytes: 16384, Share: 1}
	if diff := cmp.Diff(want, c.Models["review"].Log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got := c.Models["*"].Log; got != (config.RouteLog{}) {
		t.Errorf("a route that does not say logs %+v", got)
	}
	if got := parse(t, logging("", "[]")).Models["review"].Log; got != (config.RouteLog{}) {
		t.Errorf("an empty log: logs %+v", got)
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	c := parse(t, logging("{answers: true, answer_bytes: 64, share: 0.01}", `[{name: email, off: true}, {name: ticket, pattern: 'ACME-\d+'}]`))
	want := redact.Config{Off: []string{"email"}, Own: []redact.Rule{{Name: "ticket", Pattern: `ACME-\d+`}}}
	if diff := cmp.Diff(want, c.Redaction()); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestRouteLogFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, log, rules string
		want             []string
	}{
		{"nothing to log", "{}", "[]", []string{"11:63: models.review.log.prompts: is missing: write prompts: true, answers: true or both, or remove log"}},
		{"bounds", "{prompts: true, prompt_bytes: 63, answer_bytes: 65537}", "[]", []string{
			"11:84: models.review.log.prompt_bytes: is 63, must be from 64 to 65536", "11:102: models.review.log.answer_bytes: is 65537, must be from 64 to 65536"}},
		{"share of none", "{prompts: true, share: 0}", "[]", []string{"11:84: models.review.log.share: is 0, must be more than 0 and at most 1, which is all requests"}},
		{"per cent", "{prompts: true, share: 10}", "[]", []string{"11:84: models.review.log.share: is 10, must be more than 0 and at most 1, which is all requests"}},
		{"near field", "{prompt: true}", "[]", []string{`11:69: models.review.log.prompt: unknown field; did you mean "prompts"?`}},

		{"pattern of another syntax", "{prompts: true}", `[{name: a, pattern: '(?<!x)y'}]`, []string{
			"16:20: redact[0].pattern: the pattern is not of RE2's syntax: invalid named capture at \"(?<!x)y\"; there is no look-around and no back-reference, and a literal backslash is written twice"}},
		{"pattern that is always there", "{prompts: true}", `[{name: a, pattern: 'x*'}]`, []string{
			"16:20: redact[0].pattern: the pattern matches the empty text: write + for *, or name what must be there"}},
		{"no pattern", "{prompts: true}", `[{name: a}]`, []string{
			"16:10: redact[0]: says nothing: write pattern, or off: true for one of the ready rules email, api_key, bearer, jwt, aws_key, private_key, card"}},
		{"unknown ready rule", "{prompts: true}", `[{name: emall, off: true}]`, []string{
			`16:11: redact[0].name: there is no ready rule "emall" to turn off; did you mean "email"?`}},
		{"name of a ready rule", "{prompts: true}", `[{name: email, pattern: '@'}]`, []string{
			`16:11: redact[0].name: "email" is a ready rule: choose another name, and add it with off: true to replace it`}},
		{"off with a pattern", "{prompts: true}", `[{name: email, off: true, pattern: '@'}]`, []string{
			"16:35: redact[0].pattern: contradicts off: remove one of them"}},
		{"twice", "{prompts: true}", `[{name: a, pattern: b}, {name: a, pattern: c}]`, []string{
			"16:34: redact[1].name: is the same as redact[0].name: names are unique"}},
		{"no name", "{prompts: true}", `[{pattern: b}]`, []string{"16:10: redact[0].name: is missing: every entry has a name"}},
		{"too many", "{prompts: true}", "[" + strings.Repeat("{name: email, off: true}, ", 50) + "{name: email, off: true}]", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(logging(tt.log, tt.rules)), "")
			if tt.want == nil {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("redact: has %d rules, at most 50", 51)) {
					t.Errorf("got %v", err)
				}
				return
			}
			wantFaults(t, err, tt.want...)
		})
	}
}
