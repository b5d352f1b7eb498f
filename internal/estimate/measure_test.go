package estimate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/estimate"
)

func TestMeasure(t *testing.T) {
	t.Parallel()
	const user = `{"role":"user","content":"hi"}`
	tests := []struct {
		name, messages string
		want           estimate.Size
	}{
		{"a word", user, estimate.Size{Text: 2, Fixed: 1}},
		{"a conversation", `{"role":"system","content":"You help."},{"role":"user","content":"Hello"},{"role":"assistant","content":"Yes?"}`,
			estimate.Size{Text: 9 + 5 + 4, Fixed: 3}},
		{"null and missing content", `{"role":"assistant","content":null},{"role":"user"}`, estimate.Size{Fixed: 2}},
		{"parts", `{"role":"user","content":[{"type":"text","text":"one"},{"text":"three","type":"text"}]}`, estimate.Size{Text: 8, Fixed: 1}},
		{"a refusal", `{"role":"assistant","content":[{"type":"refusal","refusal":"no"}],"refusal":"No."}`, estimate.Size{Text: 5, Fixed: 1}},
		{"white space everywhere", "\n { \"role\" :\t\"user\" , \"content\" : [ { \"type\" : \"text\" , \"text\" : \"abc\" } ] , \"x\" : 1 } ", estimate.Size{Text: 3, Fixed: 1}},
		{"escapes count as what they mean", `{"role":"user","content":"a\n\t\"b\"\\ \u0041\/"}`, estimate.Size{Text: 10, Fixed: 1}},
		{"characters of two, three and four bytes", `{"role":"user","content":"aé中😀"}`, estimate.Size{Text: 1, Wide: 9, Fixed: 1}},
		{"the same, escaped", `{"role":"user","content":"a\u00e9\u4E2d\ud83d\uDE00"}`, estimate.Size{Text: 1, Wide: 9, Fixed: 1}},
		{"ends of strings that look otherwise", `{"role":"user","content":"a\\\""},{"role":"user","content":"\\"}`, estimate.Size{Text: 4, Fixed: 2}},
		{"brackets in strings", `{"role":"user","content":"}]{["}`, estimate.Size{Text: 4, Fixed: 1}},
		{"tool calls are JSON", `{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}`,
			estimate.Size{JSON: int64(len(`[{"id":"c","type":"function","function":{"name":"f","arguments":"{"a":1}"}}]`)), Fixed: 1}},
		{"a tool's result is text", `{"role":"tool","tool_call_id":"call_0123","content":"ok é"}`, estimate.Size{Text: 3, Wide: 2, Fixed: 1}},
		{"thoughts count once", `{"role":"assistant","reasoning_content":"hm hm","reasoning_details":[{"type":"reasoning.text","text":"hm hm","signature":"QUJD","format":"anthropic-claude-v1","index":0}],"content":"x"}`,
			estimate.Size{Text: 6, Fixed: 1}},
		{"sealed thoughts weigh nothing", `{"role":"assistant","thinking_blocks":[{"type":"redacted_thinking","data":"` + strings.Repeat("A", 1000) + `"}],"content":"x"}`, estimate.Size{Text: 1, Fixed: 1}},
		{"cache marks", `{"role":"user","content":[{"type":"text","text":"abc","cache_control":{"type":"ephemeral","ttl":"1h"}}]}`, estimate.Size{Text: 3, Fixed: 1}},
		{"what is not known counts as text", `{"role":"user","novel":{"deep":[["abc",1,true,null,{"x":"de"}]]}}`, estimate.Size{Text: 5, Fixed: 1}},
		{"an escaped name hides nothing", `{"role":"user","\u0063ontent":"abc"}`, estimate.Size{Text: 3, Fixed: 1}},
		{"fields given twice count twice", `{"role":"user","content":"a","content":"bc"}`, estimate.Size{Text: 3, Fixed: 1}},
		{"nulls of a client that writes all fields", `{"role":"user","content":[{"type":"text","text":"a","image_url":null,"file":null,"input_audio":null,"refusal":null}]}`, estimate.Size{Text: 1, Fixed: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := measure(t, tt.messages); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMeasureBesideMessages(t *testing.T) {
	t.Parallel()
	const tool = `[{"type":"function","function":{"name":"f","description":"é","parameters":{}}}]`
	tests := []struct {
		name, fields string
		want         estimate.Size
	}{
		{"nothing", ``, estimate.Size{}},
		{"tools", `"tools":` + tool + `,`, estimate.Size{JSON: int64(len(tool)) - 2, Wide: 2, Fixed: 10}},
		{"the older functions", `"functions":[{"name":"f"}],`, estimate.Size{JSON: 14, Fixed: 10}},
		{"no tools", `"tools":[ ],`, estimate.Size{}},
		{"tools that are null", `"tools":null,`, estimate.Size{}},
		{"a schema", `"response_format":{"type":"json_schema","json_schema":{}},`, estimate.Size{JSON: 39}},
		{"what no model reads", `"user":"somebody","metadata":{"a":"b"},"stop":["x"],"temperature":1,`, estimate.Size{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []string{
				`{` + tt.fields + `"model":"m","messages":[{"role":"user"}]}`,
				"\n\t " + `{"messages":[{"role":"user"}],` + tt.fields + `"model":"m"}` + "\n",
			} {
				got := estimate.Measure(parse(t, body), plain)
				got.Fixed-- // the message
				if got != tt.want {
					t.Errorf("got %+v, want %+v, of %q", got, tt.want, body)
				}
			}
		})
	}
}

// oneText is a request of the Responses API with a text for a list of messages.
type oneText string

func (o oneText) Bytes(field string) []byte {
	if field != "messages" {
		return nil
	}
	return []byte(o)
}

func TestMeasureOneText(t *testing.T) {
	t.Parallel()
	if got, want := estimate.Measure(oneText(`"hé"`), plain), (estimate.Size{Text: 1, Wide: 2, Fixed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Whatever a text holds and however a client escapes it, it has the size of its
// UTF-8.
func TestMeasureIsOfTheTextNotItsEscapes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z \\"\n中é😀]{0,40}`)).Draw(t, "text")
		var want estimate.Size
		want.Fixed = 1
		for _, r := range text {
			if r < 0x80 {
				want.Text++
			} else {
				want.Wide += int64(len(string(r)))
			}
		}
		for _, written := range []string{quote(text), asciiOnly(text)} {
			if got := measure(t, `{"role":"user","content":`+written+`}`); got != want {
				t.Errorf("got %+v, want %+v, written as %s", got, want, written)
			}
		}
	})
}

// asciiOnly writes a string as Python's json.dumps does by default.
func asciiOnly(s string) string {
	var b strings.Builder
	for _, r := range quote(s) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// A hostile body takes time in proportion to its length. The measure for that is
// what it takes to parse the same body on the same machine, which is linear; a
// quadratic walk would need thousands of times as long.
func TestMeasureIsLinear(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	user := func(content string) string { return `{"role":"user","content":` + content + `}` }
	tests := []struct{ name, messages string }{
		{"escapes", user(`"` + strings.Repeat(`\n`, size/2) + `"`)},
		{"escapes one by one", user(`"` + strings.Repeat(`\nx`, size/3) + `"`)},
		{"quotes", user(`"` + strings.Repeat(`\"`, size/2) + `"`)},
		{"backslashes", user(`"` + strings.Repeat(`\\`, size/2) + `"`)},
		{"backslashes before quotes", user(`"` + strings.Repeat(`\\\\\\\"`, size/8) + `"`)},
		{"characters by number", user(`"` + strings.Repeat(`\u4e2d`, size/6) + `"`)},
		{"parts", user(`[` + strings.Repeat(`{},`, size/3) + `{}]`)},
		{"images by URL", user(`[` + strings.Repeat(imagePart("https://a")+",", size/60) + `{}]`)},
		{"images of a few bytes", user(`[` + strings.Repeat(imagePart("data:image/png;base64,AAAA")+",", size/80) + `{}]`)},
		{"a JPEG that never begins", user(`[` + imagePart("data:image/jpeg;base64,"+encode([]byte("\xff\xd8"+strings.Repeat("\xff\xe1\x00\x02", size/6)))) + `]`)},
		{"a JPEG of segments that lie", user(`[` + imagePart("data:image/jpeg;base64,"+encode([]byte("\xff\xd8"+strings.Repeat("\xff\xe1\xff\xff", size/6)))) + `]`)},
		{"a PDF of pages", user(`[` + filePart([]byte("%PDF-"+strings.Repeat("/Page ", size/8))) + `]`)},
		{"slashes in base64", user(`[` + imagePart("data:image/jpeg;base64,"+strings.Repeat(`\/`, size/2)) + `]`)},
		{"commas without a scheme", user(`[` + imagePart(strings.Repeat(",", size)) + `]`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := parse(t, `{"model":"m","messages":[`+tt.messages+`]}`)
			parsed := time.Now()
			s := estimate.Measure(r, estimate.Anthropic("claude-opus-5"))
			took, limit := time.Since(parsed), 100*parsed.Sub(began)+time.Second
			if took > limit {
				t.Errorf("took %v for %d bytes, more than %v", took, len(r.Raw), limit)
			}
			if s.Text < 0 || s.Wide < 0 || s.JSON < 0 || s.Fixed <= 0 {
				t.Errorf("got %+v, want nothing below 0", s)
			}
		})
	}
}

// Text is not copied and files are read in place: Measure allocates nothing.
func TestMeasureDoesNotAllocate(t *testing.T) {
	segments := encode([]byte(strings.Repeat("\xff\xd8\xff\xe1\x10\x00", 1<<15)))
	r := parse(t, `{"model":"m","tools":[{"a":"\u00e9"}],"messages":[{"role":"user","content":[{"type":"text","text":"a\nb"},`+
		imagePart("data:image/jpeg;base64,"+segments)+`,`+filePart(pdf(20, 20_000))+`]}]}`)
	f := estimate.Anthropic("claude-sonnet-5")
	if got := testing.AllocsPerRun(20, func() { estimate.Measure(r, f) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
