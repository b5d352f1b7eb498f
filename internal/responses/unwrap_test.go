package responses

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unwrapped(pieces ...string) string {
	var u unwrapper
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(u.feed(p))
	}
	b.WriteString(u.end())
	return b.String()
}

func TestUnwrap(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, arguments, want string }{
		{"plain", `{"input":"abc"}`, "abc"},
		{"empty text", `{"input":""}`, ""},
		{"white space", " { \"input\"\n:\t\"a\" }", "a"},
		{"all escapes", `{"input":"\"\\\/\b\f\n\r\t\u00e9\u4e2d"}`, "\"\\/\b\f\n\r\té中"},
		{"surrogates", `{"input":"\ud83d\ude00!"}`, "😀!"},
		{"half a surrogate", `{"input":"\ud83dx"}`, "\ufffdx"},
		{"half a surrogate and an escape", `{"input":"\ud83d\n"}`, "\ufffd\n"},
		{"two high halves", `{"input":"\ud83d\ud83d\ude00"}`, "\ufffd😀"},
		{"a low half", `{"input":"\ude00"}`, "\ufffd"},
		{"no digits", `{"input":"\uzzzz."}`, "\ufffd."},
		{"raw line breaks", "{\"input\":\"a\nb\"}", "a\nb"},
		{"another member behind", `{"input":"a","x":"b"}`, "a"},
		{"another member before", `{"x":"b","input":"a\n"}`, "a\n"},
		{"cut off in the text", `{"input":"abc`, "abc"},
		{"cut off in an escape", `{"input":"abc\u00`, "abc"},
		{"cut off before the text", `{"inp`, ""},
		{"nothing", ``, ""},
		{"not wrapped", "*** Begin Patch\n", "*** Begin Patch\n"},
		{"another object", `{"patch":"a"}`, `{"patch":"a"}`},
		{"not a string", `{"input":{"a":1}}`, `{"input":{"a":1}}`},
		{"space in the name", `{"in put":"a"}`, `{"in put":"a"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := unwrapped(tt.arguments); got != tt.want {
				t.Errorf("whole: got %q, want %q", got, tt.want)
			}
			if got := unwrapped(strings.Split(tt.arguments, "")...); got != tt.want {
				t.Errorf("byte by byte: got %q, want %q", got, tt.want)
			}
		})
	}
}

// What JSON says is what is unwrapped, however it is cut, and nearly all of it
// before the end: clients want to see patches grow.
func TestUnwrapIsJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		doc, err := json.Marshal(map[string]string{"input": text})
		if err != nil {
			t.Fatal(err)
		}
		var u unwrapper
		var got strings.Builder
		for rest := string(doc); rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			got.WriteString(u.feed(rest[:n]))
			rest = rest[n:]
		}
		if late := u.end(); late != "" {
			t.Errorf("%q came only at the end", late)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	for _, seed := range []string{`{"input":"a\nb\ud83d\ude00"}`, `{"x":1,"input":"a"}`, "*** Begin", ` {"input" : "\u00`} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, arguments string, step uint8) {
		want := unwrapped(arguments)
		var pieces []string
		for rest := arguments; rest != ""; {
			n := min(int(step)+1, len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		if got := unwrapped(pieces...); got != want {
			t.Errorf("in steps of %d: got %q, want %q", int(step)+1, got, want)
		}
	})
}
