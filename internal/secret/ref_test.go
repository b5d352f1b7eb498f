package secret_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
)

func TestParseRef(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fallow/keys-a1B2c3"
	tests := []struct {
		name string
		in   string
		want secret.Ref
		err  string // part of the error; empty means none
	}{
		{"env", "env:ANTHROPIC_KEY_1", secret.Ref{Scheme: "env", ID: "ANTHROPIC_KEY_1"}, ""},
		{"env lower case", "env:_key", secret.Ref{Scheme: "env", ID: "_key"}, ""},
		{"env long name", "env:FALLOW_PRODUCTION_ANTHROPIC_KEY_NUMBER_1", secret.Ref{Scheme: "env", ID: "FALLOW_PRODUCTION_ANTHROPIC_KEY_NUMBER_1"}, ""},
		{"env longest name", "env:" + strings.Repeat("A_", 64), secret.Ref{Scheme: "env", ID: strings.Repeat("A_", 64)}, ""},
		{"file longest path", "file:" + strings.Repeat("/a", 2048), secret.Ref{Scheme: "file", ID: strings.Repeat("/a", 2048)}, ""},
		{"longest id", "secretsmanager:" + strings.Repeat("a/", 256), secret.Ref{Scheme: "secretsmanager", ID: strings.Repeat("a/", 256)}, ""},
		{"file", "file:/run/secrets/key", secret.Ref{Scheme: "file", ID: "/run/secrets/key"}, ""},
		{"file keeps # and :", "file:C:key#1", secret.Ref{Scheme: "file", ID: "C:key#1"}, ""},
		{"name", "secretsmanager:fallow/keys", secret.Ref{Scheme: "secretsmanager", ID: "fallow/keys"}, ""},
		{"name and field", "secretsmanager:fallow/keys#anthropic_2", secret.Ref{Scheme: "secretsmanager", ID: "fallow/keys", Field: "anthropic_2"}, ""},
		{"arn and field", "secretsmanager:" + arn + "#a.b", secret.Ref{Scheme: "secretsmanager", ID: arn, Field: "a.b"}, ""},
		{"role", "aws:role", secret.Ref{Scheme: "aws", ID: "role"}, ""},

		{"empty", "", secret.Ref{}, "not a secret reference"},
		{"literal", canary, secret.Ref{}, "the secret itself never stands"},
		{"unknown scheme", "vault:" + canary, secret.Ref{}, "not a secret reference"},
		{"scheme in capitals", "ENV:KEY", secret.Ref{}, "not a secret reference"},
		{"space before", " env:KEY", secret.Ref{}, "not a secret reference"},
		{"env without name", "env:", secret.Ref{}, "env: needs the name"},
		{"env with digit first", "env:1KEY", secret.Ref{}, "env: needs the name"},
		{"env with dollar", "env:$KEY", secret.Ref{}, "env: needs the name"},
		{"env with newline", "env:KEY\n", secret.Ref{}, "env: needs the name"},
		{"env with literal", "env:" + canary, secret.Ref{}, "looks like the secret itself"},
		{"env with literal of letters", "env:AIzaSyA1234567890abcdefghijk", secret.Ref{}, "looks like the secret itself"},
		{"env with mixed run", "env:aB3dE6gH9aB3dE6gH9aB3dE6gH9aB3dE6", secret.Ref{}, "looks like the secret itself"},
		{"env with hex", "env:" + strings.Repeat("0123456789abcdef", 2), secret.Ref{}, "looks like the secret itself"},
		{"env too long", "env:" + strings.Repeat("A_", 65), secret.Ref{}, "env: needs the name"},
		{"file without path", "file:", secret.Ref{}, "file: needs the path"},
		{"file too long", "file:" + strings.Repeat("/a", 2048) + "b", secret.Ref{}, "file: needs the path"},
		{"file of a directory", "file:/run/secrets/", secret.Ref{}, "file: needs the path"},
		{"file with NUL", "file:a\x00b", secret.Ref{}, "file: needs the path"},
		{"file with literal", "file:" + canary, secret.Ref{}, "looks like the secret itself"},
		{"another role", "aws:role/x", secret.Ref{}, "aws: is followed by role"},
		{"no role", "aws:", secret.Ref{}, "aws: is followed by role"},
		{"field of the role", "aws:role#a", secret.Ref{}, "aws: is followed by role"},
		{"literal behind aws", "aws:" + canary, secret.Ref{}, "looks like the secret itself"},
		{"no id", "secretsmanager:", secret.Ref{}, "name or ARN"},
		{"only field", "secretsmanager:#a", secret.Ref{}, "name or ARN"},
		{"space in id", "secretsmanager:a b", secret.Ref{}, "name or ARN"},
		{"id too long", "secretsmanager:" + strings.Repeat("a/", 257), secret.Ref{}, "name or ARN"},
		{"empty field", "secretsmanager:a#", secret.Ref{}, "JSON field"},
		{"two fields", "secretsmanager:a#b#c", secret.Ref{}, "JSON field"},
		{"literal field", "secretsmanager:a#" + canary, secret.Ref{}, "looks like the secret itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := secret.ParseRef(tt.in)
			if got != tt.want {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
			checkError(t, err, tt.err)
			if tt.err == "" && got.String() != tt.in {
				t.Errorf("String: got %q, want %q", got.String(), tt.in)
			}
		})
	}
}

// checkError wants an error that holds want and no secret; none when want is empty.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		if want != "" {
			t.Errorf("got no error, want one with %q", want)
		}
		return
	}
	if want == "" || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %q, want one with %q", err, want)
	}
	checkClean(t, "error", err.Error())
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"", "env:A", "env:sk-ant-0123456789", "file:/a", "file:", "secretsmanager:a#b",
		"secretsmanager:a#", "secretsmanager:#", ":", "#", "env:\x00", "secretsmanager:arn:aws:x#y.z", "aws:role", "aws:", "file:ü#:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := secret.ParseRef(s)
		if err != nil {
			if ref != (secret.Ref{}) {
				t.Errorf("%q: got %v beside an error", s, ref)
			}
			if _, rest, _ := strings.Cut(s, ":"); len(rest) > 12 && strings.Contains(err.Error(), rest) {
				t.Errorf("error repeats its input: %v", err)
			}
			return
		}
		if ref.String() != s {
			t.Errorf("%q reads as %q", s, ref)
		}
	})
}
