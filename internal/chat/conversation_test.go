package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const opening = `{"role":"system","content":"be kind"},{"role":"user","content":"hi"}`

func TestConversation(t *testing.T) {
	t.Parallel()
	base := `{"model":"m","messages":[` + opening + `],"tools":[{"type":"function"}]}`
	tests := []struct {
		name string
		body string
		same bool
	}{
		{"a later turn", `{"model":"m","messages":[` + opening + `,{"role":"assistant","content":"yes?"},{"role":"user","content":"bye"}],"tools":[{"type":"function"}]}`, true},
		{"a later system message", `{"model":"m","messages":[` + opening + `,{"role":"system","content":"hurry"}],"tools":[{"type":"function"}]}`, true},
		{"other settings", `{"stream":true,"temperature":1,"user":"u","tools":[{"type":"function"}],"messages":[` + opening + `],"model":"other","prompt_cache_key":null}`, true},
		{"an empty cache key is none", `{"model":"m","messages":[` + opening + `],"tools":[{"type":"function"}],"prompt_cache_key":""}`, true},
		{"space between", `{"model":"m","messages":[ {"role": "system", "content": "be kind"}, {"content":"hi","role":"user"}],"tools":[{"type":"function"}]}`, true},
		{"a cache marker on the first turn", `{"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"be kind","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"hi","cache_control":{"type":"ephemeral"}}],"tools":[{"type":"function"}]}`, true},
		{"another system prompt", `{"model":"m","messages":[{"role":"system","content":"be rude"},{"role":"user","content":"hi"}],"tools":[{"type":"function"}]}`, false},
		{"the same words in another role", `{"model":"m","messages":[{"role":"developer","content":"be kind"},{"role":"user","content":"hi"}],"tools":[{"type":"function"}]}`, false},
		{"another first turn", `{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"ho"}],"tools":[{"type":"function"}]}`, false},
		{"other tools", `{"model":"m","messages":[` + opening + `],"tools":[{"type":"custom"}]}`, false},
		{"no tools", `{"model":"m","messages":[` + opening + `]}`, false},
		{"a cache key", `{"model":"m","messages":[` + opening + `],"tools":[{"type":"function"}],"prompt_cache_key":"k"}`, false},
	}
	want := mustParse(t, base).Conversation()
	if len(want) != 32 {
		t.Errorf("key %q has %d digits, want 32", want, len(want))
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := mustParse(t, tt.body).Conversation(); (got == want) != tt.same {
				t.Errorf("got %s, base has %s, want same: %v", got, want, tt.same)
			}
		})
	}
}

// The key is kept in shared state, so another process, and the next version of
// Fallow, must find the same.
func TestConversationIsStable(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		messages(`[` + opening + `]`):       "4aea61dac4cb9400eb51395d8efd83ec",
		with(`"prompt_cache_key":"team-a"`): "1b3167cdb170686f3a67889f40b3f641",
	} {
		if got := mustParse(t, body).Conversation(); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

func TestConversationCacheKeyStandsAlone(t *testing.T) {
	t.Parallel()
	a := mustParse(t, `{"model":"m","messages":[{"role":"user","content":"a"}],"prompt_cache_key":"k"}`).Conversation()
	b := mustParse(t, `{"model":"m","messages":[{"role":"user","content":"b"}],"tools":[{}],"prompt_cache_key":"k"}`).Conversation()
	if a != b {
		t.Errorf("same prompt_cache_key gave %s and %s", a, b)
	}
}

// An image in the first turn belongs to it; its cache marker does not.
func TestConversationParts(t *testing.T) {
	t.Parallel()
	key := func(part string) string {
		return mustParse(t, messages(`[{"role":"user","content":[{"type":"text","text":"look"},`+part+`]}]`)).Conversation()
	}
	plain := key(`{"type":"image_url","image_url":{"url":"https://a/1.png"}}`)
	if got := key(`{"type":"image_url","image_url":{"url":"https://a/1.png"},"prompt_cache_breakpoint":{}}`); got != plain {
		t.Error("a cache marker changed the key")
	}
	if got := key(`{"type":"image_url","image_url":{"url":"https://a/2.png"}}`); got == plain {
		t.Error("another image left the key as it was")
	}
}

// Whatever is said later, and however often, the key stays; and two openings
// share a key only if they are the same, wherever the cuts between messages lie.
func TestConversationProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{0,3}`)
		draw := func(label string) (head []string, first string) {
			return rapid.SliceOfN(word, 0, 3).Draw(t, label+" system"), word.Draw(t, label+" first")
		}
		build := func(head []string, first string, later ...string) string {
			var list []string
			for _, s := range head {
				list = append(list, fmt.Sprintf(`{"role":"system","content":%q}`, s))
			}
			list = append(list, fmt.Sprintf(`{"role":"user","content":%q}`, first))
			for _, s := range later {
				list = append(list, fmt.Sprintf(`{"role":"user","content":%q}`, s))
			}
			r := mustParse(t, messages("["+strings.Join(list, ",")+"]"))
			return r.Conversation()
		}
		headA, firstA := draw("a")
		headB, firstB := draw("b")
		a := build(headA, firstA)
		if later := build(headA, firstA, rapid.SliceOf(word).Draw(t, "later")...); later != a {
			t.Fatalf("a later turn has key %s, the first %s", later, a)
		}
		equal := fmt.Sprintf("%q%q", headA, firstA) == fmt.Sprintf("%q%q", headB, firstB)
		if b := build(headB, firstB); (a == b) != equal {
			t.Fatalf("same key: %v, same opening: %v", a == b, equal)
		}
	})
}
