package redact_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/redact"
)

// masked applies a Redactor to a whole text.
func masked(t testing.TB, cfg redact.Config, text string, held ...string) string {
	t.Helper()
	r, err := redact.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := r.Mask(redact.Excerpt{Text: text, To: len(text)}, held)
	return out
}

const (
	pem       = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
	openaiKey = "sk-proj-AbCdEf0123456789AbCdEf0123456789"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	token     = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)

func TestReadyRules(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"nothing to hide", "Review this diff: 12 files, 4,711 lines.", "Review this diff: 12 files, 4,711 lines."},

		{"email", "write to jane.doe+x@mail.example.com.", "write to [redacted email]."},
		{"email with umlauts", "an müller@bücher.example", "an [redacted email]"},
		{"no email", "user@host and @handle stay", "user@host and @handle stay"},

		{"key of OpenAI", "key=" + openaiKey + ";", "key=[redacted api_key];"},
		{"key after an escaped line break", `\n` + openaiKey, `\n[redacted api_key]`},
		{"key of DeepSeek's form", "sk-0123456789abcdef0123456789abcdef", "[redacted api_key]"},
		{"key of Stripe", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[redacted api_key]"},
		{"keys of others", "AIzaSyA-1234567890_abcdefghijk xai-abcdefgh12345678 hf_abcdefgh12345678 ghp_abcdefghijklmnopqrst xoxb-123456-abcdefghij",
			"[redacted api_key] [redacted api_key] [redacted api_key] [redacted api_key] [redacted api_key]"},
		{"words joined like a key", "a risk-based-approach-for-2024-and-later, task-oriented, hf_model_name_or_path", "a risk-based-approach-for-2024-and-later, task-oriented, hf_model_name_or_path"},

		{"bearer", "Authorization: Bearer abc.def-123456", "Authorization: Bearer [redacted bearer]"},
		{"basic", "authorization: basic QWxhZGRpbjpvcGVuc2VzYW1l", "authorization: basic [redacted bearer]"},
		{"words after basic and bearer", "Basic Authentication, basic understanding, the bearer instruments", "Basic Authentication, basic understanding, the bearer instruments"},

		{"JWT", "cookie " + token + "; path", "cookie [redacted jwt]; path"},
		{"JWT as bearer is one mask", "Bearer " + token, "Bearer [redacted bearer]"},

		{"AWS access key id", "id AKIAIOSFODNN7EXAMPLE", "id [redacted aws_key]"},
		{"AWS secret in a shell", "export AWS_SECRET_ACCESS_KEY=" + awsSecret, "export AWS_SECRET_ACCESS_KEY=[redacted aws_key]"},
		{"AWS secret in JSON", `{"SecretAccessKey": "` + awsSecret + `"}`, `{"SecretAccessKey": "[redacted aws_key]"}`},
		{"AWS secret in JSON within JSON", `{\"secret_access_key\": \"` + awsSecret + `\"}`, `{\"secret_access_key\": \"[redacted aws_key]\"}`},

		{"private key", "see\n" + pem + "\nend", "see\n[redacted private_key]\nend"},
		{"two private keys", pem + " and " + pem, "[redacted private_key] and [redacted private_key]"},
		{"private key without its end", "see " + pem[:50], "see [redacted private_key]"},
		{"public key", "-----BEGIN PUBLIC KEY-----\nMIIB", "-----BEGIN PUBLIC KEY-----\nMIIB"},

		{"card", "pay 4111111111111111 now", "pay [redacted card] now"},
		{"card in groups", "4111 1111 1111 1111, 3782-822463-10005", "[redacted card], [redacted card]"},
		{"card after another number", "12 4111 1111 1111 1111", "12 [redacted card]"},
		{"card at the end after a date", "on 2026-11-23 4111-1111-1111-1111", "on 2026-11-23 [redacted card]"},
		{"wrong check digit", "4111 1111 1111 1112", "4111 1111 1111 1112"},
		{"amid a longer number", "99994111111111111111", "99994111111111111111"},
		{"two blanks are no group", "4111  1111 1111 1111", "4111  1111 1111 1111"},
		{"milliseconds", "1763800000007", "1763800000007"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := masked(t, redact.Config{}, tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOwnRulesAndOff(t *testing.T) {
	t.Parallel()
	ticket := redact.Rule{Name: "ticket", Pattern: `ACME-(\d+)`}
	tests := []struct {
		name string
		cfg  redact.Config
		text string
		want string
	}{
		{"all of a match, whatever its groups", redact.Config{Own: []redact.Rule{ticket}}, "see ACME-42!", "see [redacted ticket]!"},
		{"beside the ready ones", redact.Config{Own: []redact.Rule{ticket}}, "ACME-1 a@b.example", "[redacted ticket] [redacted email]"},
		{"one that is off", redact.Config{Off: []string{"email"}}, "a@b.example " + openaiKey, "a@b.example [redacted api_key]"},
		{"of a name off, all forms are", redact.Config{Off: []string{"aws_key"}}, "AKIAIOSFODNN7EXAMPLE SecretAccessKey=" + awsSecret,
			"AKIAIOSFODNN7EXAMPLE SecretAccessKey=" + awsSecret},
		{"what two find is one mask", redact.Config{Own: []redact.Rule{{Name: "late", Pattern: "b.example and"}}}, "a@b.example and on", "[redacted email] on"},
		{"empty matches are none", redact.Config{Own: []redact.Rule{{Name: "edge", Pattern: `x+|\b`}}}, "ab xx", "ab [redacted edge]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := masked(t, tt.cfg, tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHeldAreAlwaysMasked(t *testing.T) {
	t.Parallel()
	off := redact.Config{Off: redact.Ready()}
	tests := []struct {
		name, text string
		held       []string
		want       string
	}{
		{"anywhere", "xhunter2y hunter2", []string{"hunter2"}, "x[redacted secret]y [redacted secret]"},
		{"one within another", "abcdef", []string{"cd", "abcdef"}, "[redacted secret]"},
		{"overlapping itself", "ababab!", []string{"abab"}, "[redacted secret]!"},
		{"cut by the end", "my key is hunter2-hun", []string{"hunter2-hunter2"}, "my key is [redacted secret]"},
		{"no credential", "abc", []string{""}, "abc"},
		{"case counts", "HUNTER2", []string{"hunter2"}, "HUNTER2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := masked(t, off, tt.text, tt.held...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestEdges: what an edge runs through is hidden whole, and counted.
func TestEdges(t *testing.T) {
	t.Parallel()
	const text = "before a@b.example after"
	at := strings.Index(text, "a@")
	end := at + len("a@b.example")
	tests := []struct {
		name     string
		from, to int
		want     string
		count    int
	}{
		{"all", 0, len(text), "before [redacted email] after", 1},
		{"begins within", at + 3, len(text), "[redacted email] after", 1},
		{"ends within", 0, at + 3, "before [redacted email]", 1},
		{"begins and ends within", at + 2, at + 4, "[redacted email]", 1},
		{"begins behind", end, len(text), " after", 0},
		{"ends before", 0, at, "before ", 0},
		{"nothing", 3, 3, "", 0},
	}
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, count := r.Mask(redact.Excerpt{Text: text, From: tt.from, To: tt.to}, nil)
			if got != tt.want || count != tt.count {
				t.Errorf("got %q with %d masks, want %q with %d", got, count, tt.want, tt.count)
			}
		})
	}
}

func TestEdgesBreakNoCharacter(t *testing.T) {
	t.Parallel()
	r, _ := redact.New(redact.Config{})
	for from := range 7 {
		for to := from; to <= 7; to++ {
			got, _ := r.Mask(redact.Excerpt{Text: "aü€b", From: from, To: to}, nil)
			if !strings.Contains("aü€b", got) || strings.ToValidUTF8(got, "?") != got {
				t.Errorf("[%d:%d] gave %q", from, to, got)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pattern, want string }{
		{"good", `ACME-\d+`, ""},
		{"look-ahead", `a(?=b)`, "there is no look-around"},
		{"look-behind", `(?<!a)b`, "there is no look-around"},
		{"back-reference", `(a)\1`, "no back-reference"},
		{"unclosed", `(a`, `missing closing ) at "(a"; see https://`},
		{"too many repetitions", `a{1001}`, "at most 1000 repetitions"},
		{"empty", ``, "matches the empty text"},
		{"may be empty", `\d*`, "write + for *"},
		{"too long", strings.Repeat("a", 1001), "has 1001 bytes, at most 1000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := redact.Check(tt.pattern)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, made := redact.New(redact.Config{Own: []redact.Rule{{Name: "x", Pattern: tt.pattern}}}); (made == nil) != (err == nil) {
				t.Errorf("New says %v, Check %v", made, err)
			}
		})
	}
}

// TestReadyNamesEveryRule: each name takes something out, and without all of
// them nothing is.
func TestReadyNamesEveryRule(t *testing.T) {
	t.Parallel()
	all := strings.Join([]string{"a@b.example", openaiKey, "Bearer abc123def456", token, "AKIAIOSFODNN7EXAMPLE", "4111111111111111", pem}, "\n")
	got := masked(t, redact.Config{}, all)
	for _, name := range redact.Ready() {
		if !strings.Contains(got, "[redacted "+name+"]") {
			t.Errorf("rule %s took nothing out of %q", name, got)
		}
	}
	if got := masked(t, redact.Config{Off: redact.Ready()}, all); got != all {
		t.Errorf("with all rules off got %q", got)
	}
}

// TestReadyRulesAreDocumented: docs/security.md has a row for each.
func TestReadyRulesAreDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range redact.Ready() {
		if !strings.Contains(string(docs), "\n| `"+name+"` | ") {
			t.Errorf("docs/security.md has no row for rule %s", name)
		}
	}
}
