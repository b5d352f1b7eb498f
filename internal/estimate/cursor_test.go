package estimate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	const doc = ` { "a" : "x\"}" , "b":[ ] ,"c":[1, {"d":[]},"]"],"e":{},"f":-1.5e3 ,"g":null,"h\"":true}`
	want := []string{"a", `"x\"}"`, "b", "[ ]", "c", `[1, {"d":[]},"]"]`, "e", "{}", "f", "-1.5e3", "g", "null", `h\"`, "true"}
	var got []string
	c := cursor{doc: []byte(doc)}
	for c.more('}') {
		got = append(got, string(c.name()), string(c.raw()))
	}
	if a, b := strings.Join(got, "|"), strings.Join(want, "|"); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
	if c.at != len(doc) {
		t.Errorf("the cursor stopped at %d of %d", c.at, len(doc))
	}
}

// FuzzCursor: of valid JSON, raw finds what gjson finds; of anything else the
// walk ends, within the document.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"b",{"c":null}],"d":"\\"} `, `["`, `{"`, `"\`, `[,`, `{:`, `}`, `]`, `1`, `tru`, `{"a":}`, "", `"\u00`, `{"image_url":{"url":`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 1<<16 {
			return // chat.Parse bounds the depth, nothing else does
		}
		m := meter{cursor: cursor{doc: doc}}
		m.value()
		if s := m.size; s.Text+s.Wide+s.JSON > int64(len(doc)) {
			t.Errorf("counted %+v in %d bytes", s, len(doc))
		}
		if !json.Valid(doc) {
			return
		}
		c := cursor{doc: doc}
		if got, want := string(c.raw()), gjson.ParseBytes(doc).Raw; got != strings.TrimRight(want, " \t\r\n") {
			t.Errorf("raw is %q, gjson says %q", got, want)
		}
		if c.peek() != 0 {
			t.Errorf("the value ends at %d, but %q follows", c.at, doc[c.at:])
		}
	})
}
