package upstream_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const uuid = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"nothing to hide", "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000.", "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000."},
		{"OpenAI organisation",
			"Rate limit reached for gpt-4o in organization org-AbCdEf0123456789abcdefgh on tokens per min",
			"Rate limit reached for gpt-4o in organization [redacted] on tokens per min"},
		{"older accounts are users", "in organization user-8tkvmEVQDMVnXSgT on requests", "in organization [redacted] on requests"},
		{"project", "Project `proj_8nPkyJm1vQ2xYzAbCd` does not have access", "Project `[redacted]` does not have access"},
		{"Anthropic organisation",
			"would exceed your organization's rate limit of 50 requests per minute (org: " + uuid + ", model: claude)",
			"would exceed your organization's rate limit of 50 requests per minute (org: [redacted], model: claude)"},
		{"UUID in capitals", strings.ToUpper(uuid), "[redacted]"},
		{"UUID within a longer token", "ws_" + uuid + "_eu!", "[redacted]!"},
		{"workspace", "workspace wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ is over", "workspace [redacted] is over"},
		{"key", "Incorrect API key provided: sk-proj-AbCd1234efgh.", "Incorrect API key provided: [redacted]."},
		{"masked key", "Incorrect API key provided: sk-abcde*****************wxyz.", "Incorrect API key provided: [redacted]."},
		{"key of Google", "Consumer 'api_key:AIzaSyA1234567890abcdef' has been suspended.", "Consumer 'api_key:[redacted]' has been suspended."},
		{"key of Groq", "Invalid API Key gsk_AbCd1234efgh5678", "Invalid API Key [redacted]"},
		{"two in a row", uuid + " " + uuid, "[redacted] [redacted]"},
		{"at both ends", "org-AAAAAAAA1 mid org-BBBBBBBB2", "[redacted] mid [redacted]"},
		{"non-ASCII around it", "für „org-AbCdEf0123456789“ ü", "für „[redacted]“ ü"},
		{"words that begin alike stay", "org-wide, user-specified, sk-learn, org-level-limits, proj_name", "org-wide, user-specified, sk-learn, org-level-limits, proj_name"},
		{"request id stays", "request id req_011CSHoEeqs5C35K2UUqR7Fy", "request id req_011CSHoEeqs5C35K2UUqR7Fy"},
		{"almost a UUID stays", uuid[:35] + "g " + uuid[:35], uuid[:35] + "g " + uuid[:35]},
		{"model with a date stays", "gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := upstream.Redact(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("in organization org-AbCdEf0123456789 of", "0a1b2c3d-4e5f-6789-abcd-ef0123456789")
	f.Fuzz(func(t *testing.T, before, after string) {
		const id = "org-AbCdEf0123456789abcdefgh"
		once := upstream.Redact(before + " " + id + " " + after)
		if strings.Contains(once, id) {
			t.Errorf("the id is still in %q", once)
		}
		if twice := upstream.Redact(once); twice != once {
			t.Errorf("redacting again gave %q, want %q", twice, once)
		}
	})
}

func BenchmarkRedact(b *testing.B) {
	plain := strings.Repeat("The server is overloaded, please try again. ", 5)
	for _, bm := range []struct{ name, text string }{
		{"nothing to hide", plain},
		{"one id", plain + "org-AbCdEf0123456789abcdefgh"},
		{"long token", strings.Repeat("a", 4096)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				upstream.Redact(bm.text)
			}
		})
	}
}
