package main

import (
	"strings"
	"testing"
)

func TestMisuseSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string // on stderr
		not  string
	}{
		{"nothing: all commands", nil, 2, []string{"Commands:", "config import <peer> <file>", "fallow: expected one of", "Try: fallow --help\n"}, "\x00"},
		{"half a command: its other half", []string{"keys"}, 2, []string{"keys set", "keys list", "Try: fallow keys --help\n"}, "doctor"},
		{"a typo: no wall of text", []string{"serv"}, 2, []string{`did you mean "serve"?`, "Try: fallow --help\n"}, "Commands:"},
		{"a flag that is none", []string{"serve", "--portt", "80"}, 2, []string{"unknown flag --portt", "Try: fallow serve --help\n"}, "Flags:"},
		{"a value of the wrong kind", []string{"cost", "--requests", "many", "--seconds", "1"}, 2, []string{"--requests", "Try: fallow cost --help\n"}, "Flags:"},
		{"a level that is none", []string{"serve", "--log-level", "loud"}, 2, []string{"--log-level must be one of \"debug\",\"info\",\"warn\",\"error\"", "Try: fallow serve --help\n"}, "Flags:"},
		{"an argument too few", []string{"config", "validate"}, 2, []string{`expected "<file>"`, "Try: fallow config validate --help\n"}, "Flags:"},
		{"an argument too many", []string{"config", "validate", "a", "b"}, 2, []string{"unexpected argument b", "Try: fallow config validate --help\n"}, "Flags:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, says strings.Builder
			if got := run(t.Context(), tt.args, nil, &out, &says); got != tt.code {
				t.Errorf("exit code is %d, want %d", got, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(says.String(), want) {
					t.Errorf("stderr does not say %q:\n%s", want, says.String())
				}
			}
			if strings.Contains(says.String(), tt.not) {
				t.Errorf("stderr says %q:\n%s", tt.not, says.String())
			}
			if out.Len() > 0 {
				t.Errorf("stdout, which may lead to a program, got %q", out.String())
			}
		})
	}
}

func TestUsualSpellings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"help", []string{"help"}, "Usage: fallow <command>"},
		{"help for a command", []string{"help", "config", "import"}, "Usage: fallow config import"},
		{"--version", []string{"--version"}, "fallow " + buildVersion()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, says strings.Builder
			if got := run(t.Context(), tt.args, nil, &out, &says); got != 0 || !strings.Contains(out.String(), tt.want) {
				t.Errorf("exit code is %d, stdout %q; want 0 and %q; stderr %q", got, out.String(), tt.want, says.String())
			}
		})
	}
}
