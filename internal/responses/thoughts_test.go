package responses

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func sealOf(pieces ...string) string {
	var t thoughts
	for _, p := range pieces {
		t.add(gjson.Parse(p))
	}
	return t.seal()
}

// opened is what a provider gets back of an encrypted_content.
func opened(t *testing.T, sealed string) string {
	t.Helper()
	details, ok := unseal(gjson.Parse(sealed))
	if !ok {
		t.Fatalf("%s cannot be read", sealed)
	}
	return details.Raw
}

func TestThoughtsAreJoined(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		pieces []string
		want   string
	}{
		{"none", nil, `[]`},
		{"text in pieces, signature last",
			[]string{`{"type":"reasoning.text","text":"a\ud83d","index":0}`, `{"type":"reasoning.text","text":"\ude00b","index":0}`, `{"type":"reasoning.text","text":"","signature":"s","index":0}`},
			`[{"type":"reasoning.text","text":"a\ud83d\ude00b","signature":"s"}]`},
		{"another index", []string{`{"type":"reasoning.text","text":"a","signature":"s","index":0}`, `{"type":"reasoning.text","text":"b","signature":"t","index":1}`},
			`[{"type":"reasoning.text","text":"a","signature":"s"},{"type":"reasoning.text","text":"b","signature":"t"}]`},
		{"no index", []string{`{"type":"reasoning.text","text":"a"}`, `{"type":"reasoning.text","signature":"s"}`, `{"type":"reasoning.text","text":"b"}`},
			`[{"type":"reasoning.text","text":"a","signature":"s"},{"type":"reasoning.text","text":"b"}]`},
		{"redacted twice", []string{`{"type":"reasoning.encrypted","data":"x"}`, `{"type":"reasoning.encrypted","data":"y","id":"i","format":"f"}`},
			`[{"type":"reasoning.encrypted","text":"","data":"x"},{"type":"reasoning.encrypted","text":"","data":"y","id":"i","format":"f"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := opened(t, sealOf(tt.pieces...)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestForeignThoughtsAreLeftOut(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"foreign":       "gAAAAABp",
		"empty":         "",
		"later version": "fallow.reasoning.v2.W10",
		"no base64":     thoughtsPrefix + "*",
		"no JSON":       thoughtsPrefix + base64.RawURLEncoding.EncodeToString([]byte("[{")),
		"no list":       thoughtsPrefix + base64.RawURLEncoding.EncodeToString([]byte("{}")),
	} {
		if details, ok := unseal(gjson.Parse(quote(text))); ok {
			t.Errorf("%s: got %s, want nothing", name, details.Raw)
		}
	}
}

// However a text is cut into pieces, what is given back is the text.
func TestThoughtsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pieces []string
		var want strings.Builder
		for _, text := range rapid.SliceOfN(rapid.String(), 1, 6).Draw(t, "texts") {
			pieces = append(pieces, `{"type":"reasoning.text","text":`+quote(text)+`,"index":0}`)
			want.WriteString(gjson.Parse(quote(text)).Str)
		}
		signature := rapid.StringMatching(`[A-Za-z0-9+/=]{1,40}`).Draw(t, "signature")
		sealed := sealOf(append(pieces, `{"type":"reasoning.text","signature":"`+signature+`","index":0}`)...)
		details, ok := unseal(gjson.Parse(sealed))
		if got := details.Get("0.text").Str; !ok || got != want.String() || details.Get("#").Int() != 1 {
			t.Errorf("got %s, want one text %q", details.Raw, want.String())
		}
		if got := details.Get("0.signature").Str; got != signature {
			t.Errorf("got signature %q, want %q", got, signature)
		}
	})
}
