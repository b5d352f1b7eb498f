package redact_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/redact"
)

// planted draws something that a ready rule promises to take out.
func planted(t *rapid.T) string {
	random := func(set string, n int) string {
		return rapid.StringMatching(fmt.Sprintf("[%s]{%d}", set, n)).Draw(t, "random")
	}
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return random("a-z0-9.", 8) + "@" + random("a-z0-9", 6) + ".example"
	case 1:
		return "sk-proj-" + random("A-Za-z", 20) + "7" + random("A-Za-z0-9_-", 20)
	case 2:
		return "ghp_" + random("A-Za-z0-9", 36)
	case 3:
		return "Bearer " + random("A-Za-z", 10) + "4" + random("A-Za-z0-9._~+/-", 10)
	case 4:
		return "eyJ" + random("A-Za-z0-9_-", 20) + "." + random("A-Za-z0-9_-", 30) + "." + random("A-Za-z0-9_-", 20)
	case 5:
		return "AKIA" + random("A-Z0-9", 16)
	case 6:
		return "-----BEGIN PRIVATE KEY-----\n" + random("A-Za-z0-9+/", 64) + "\n-----END PRIVATE KEY-----"
	default:
		return rapid.SampledFrom([]string{"4111111111111111", "5555 5555 5555 4444", "3782-822463-10005"}).Draw(t, "card")
	}
}

// core is the part of it that is secret.
func core(secret string) string {
	secret = strings.TrimPrefix(secret, "Bearer ")
	if strings.HasPrefix(secret, "-----") {
		return secret[28:92]
	}
	return secret
}

// TestNothingPlantedSurvives: whatever stands around it, wherever the edges run.
// The latter is the trap: half a key is still a leak, so no eight bytes of one
// may be left.
func TestNothingPlantedSurvives(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.StringMatching(`[ -~\n]{0,60}`)
		held := "held-" + rapid.StringMatching(`[ -~]{8,24}`).Draw(t, "held")
		secret := planted(t)
		text := around.Draw(t, "before") + "\n" + secret + "\n" + around.Draw(t, "between") + held + around.Draw(t, "after")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		to := rapid.IntRange(from, len(text)).Draw(t, "to")
		got, _ := r.Mask(redact.Excerpt{Text: text, From: from, To: to}, []string{held})
		for _, hidden := range []string{core(secret), held} {
			for i := 0; i+8 <= len(hidden); i++ {
				if strings.Contains(got, hidden[i:i+8]) && !occursElsewhere(text, hidden, hidden[i:i+8]) {
					t.Fatalf("%q of %q is left of %q in %q", hidden[i:i+8], hidden, text, got)
				}
			}
		}
	})
}

// occursElsewhere tells what is left by chance from what should not be.
func occursElsewhere(text, hidden, part string) bool {
	return strings.Contains(strings.ReplaceAll(text, hidden, "\x00"), part)
}

var masks = regexp.MustCompile(`\[redacted [a-z_]+\]`)

func FuzzMask(f *testing.F) {
	for _, seed := range []string{"a@b.example", openaiKey, "Bearer abc123def456", token, pem, pem[:40], "4111 1111-1111 1111", "\xff\x80sk-", "é@é.é"} {
		f.Add(seed, 0, len(seed), "abc123")
	}
	r, err := redact.New(redact.Config{Own: []redact.Rule{{Name: "ticket", Pattern: `ACME-\d+`}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, from, to int, held string) {
		from = min(max(from, 0), len(text))
		to = min(max(to, from), len(text))
		whole, count := r.Mask(redact.Excerpt{Text: text, To: len(text)}, []string{held})
		rest := masks.ReplaceAllString(whole, "\x00")
		if held != "" && !strings.Contains(text, "[redacted") && !strings.Contains(held, "\x00") && strings.Contains(rest, held) {
			t.Errorf("%q is left in %q", held, whole)
		}
		part, some := r.Mask(redact.Excerpt{Text: text, From: from, To: to}, []string{held})
		if some > count {
			t.Errorf("an excerpt has %d masks, the whole %d", some, count)
		}
		if len(part) > to-from+some*len("[redacted private_key]") {
			t.Errorf("%q of [%d:%d] is longer than what was wanted", part, from, to)
		}
	})
}

// TestMaskIsLinear: texts made to keep a rule busy take little longer than as
// much prose. A rule that looked ahead to the end at each place would take
// minutes for these.
func TestMaskIsLinear(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, busy := range []string{
		"@", "a@a", "a.", "sk-", "sk-a1", "eyJ", "eyJaaaaaaaa.", "Bearer ", "-----BEGIN PRIVATE KEY-----", "PRIVATE KEY", "4", "4 ", "4-", "secret_access_key=", "AKIA", "\x80",
	} {
		text := strings.Repeat(busy, 1<<16/len(busy))
		began := time.Now()
		r.Mask(redact.Excerpt{Text: text, To: len(text)}, []string{strings.Repeat("4", 40)})
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("64 KiB of %q took %v", busy, took)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	prose := strings.Repeat("Please review this change: it moves the limiter behind the cache. ", 16<<10/66)
	for _, bm := range []struct{ name, text string }{
		{"16KB of prose", prose},
		{"16KB with one of each", prose + pem + " " + openaiKey + " a@b.example Bearer abc123def456 " + token + " AKIAIOSFODNN7EXAMPLE"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r, err := redact.New(redact.Config{})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(bm.text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Mask(redact.Excerpt{Text: bm.text, To: len(bm.text)}, []string{"fallow-token-0123456789", openaiKey + "x"})
			}
		})
	}
}
