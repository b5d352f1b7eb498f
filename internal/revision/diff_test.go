package revision_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
)

const team = `version: 1
pools:
  claude:
    provider: anthropic
    keys:
      - {name: key-1, secret: "secretsmanager:fallow/keys#one"}
      - {name: key-2, secret: "secretsmanager:fallow/keys#two", weight: 2}
models:
  gpt-5.5: {targets: [{pool: claude, model: claude-sonnet-5}]}
  "*": {targets: [{pool: claude}]}
clients: {auth: tokens, tokens: [{name: bot, secret: "env:BOT"}]}
`

func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit []string // pairs of old and new
		want string
	}{
		{"nothing", nil, ""},
		{"comment, order and written default", []string{
			"version: 1\n", "# for the team\nversion: 1\n",
			"      - {name: key-1, secret: \"secretsmanager:fallow/keys#one\"}\n", "",
			"weight: 2}\n", "weight: 2}\n      - {name: key-1, secret: \"secretsmanager:fallow/keys#one\", weight: 1}\n",
			"provider: anthropic\n", "provider: anthropic\n    wait_budget: 30s\n"}, ""},
		{"value", []string{"weight: 2", "weight: 2.5"}, "~ pools.claude.keys[key-2].weight: 2 -> 2.5"},
		{"duration", []string{"provider: anthropic\n", "provider: anthropic\n    timeouts: {idle: 90s}\n"},
			"~ pools.claude.timeouts.idle: 1m -> 1m30s"},
		{"reference, not resolved", []string{"keys#one", "keys#three"},
			"~ pools.claude.keys[key-1].secret: secretsmanager:fallow/keys#one -> secretsmanager:fallow/keys#three"},
		{"key that is gone", []string{"      - {name: key-2, secret: \"secretsmanager:fallow/keys#two\", weight: 2}\n", ""},
			"- pools.claude.keys[key-2].name: key-2\n- pools.claude.keys[key-2].secret: secretsmanager:fallow/keys#two\n- pools.claude.keys[key-2].weight: 2"},
		{"route of a name with a dot", []string{"model: claude-sonnet-5", "model: claude-opus-5"},
			`~ models["gpt-5.5"].targets[0].model: claude-sonnet-5 -> claude-opus-5`},
		{"target without a model", []string{"{pool: claude, model: claude-sonnet-5}", "{pool: claude}"},
			`- models["gpt-5.5"].targets[0].model: claude-sonnet-5`},
		{"flag", []string{"provider: anthropic\n", "provider: anthropic\n    passthrough: true\n"}, "+ pools.claude.passthrough: true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := team
			for i := 0; i < len(tt.edit); i += 2 {
				if !strings.Contains(text, tt.edit[i]) {
					t.Fatalf("the document lacks %q", tt.edit[i])
				}
				text = strings.Replace(text, tt.edit[i], tt.edit[i+1], 1)
			}
			var lines []string
			for _, c := range revision.Diff(parse(t, []byte(team)), parse(t, []byte(text))) {
				lines = append(lines, c.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDiffIsAntisymmetric: what one way adds the other removes.
func TestDiffIsAntisymmetric(t *testing.T) {
	t.Parallel()
	a, b := parse(t, []byte(team)), config.Simulated("http://127.0.0.1:1")
	there, back := revision.Diff(a, b), revision.Diff(b, a)
	if len(there) != len(back) || len(there) < 10 {
		t.Fatalf("%d changes there, %d back", len(there), len(back))
	}
	for i, c := range there {
		if want := (revision.Change{Path: c.Path, Old: c.New, New: c.Old}); back[i] != want {
			t.Errorf("got %v back, want %v", back[i], want)
		}
	}
}
