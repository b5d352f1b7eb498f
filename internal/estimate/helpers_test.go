package estimate_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
)

// tester is what the helpers need of a test, a benchmark or a rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func parse(tb tester, body string) *chat.Request {
	tb.Helper()
	r, err := chat.Parse([]byte(body))
	if err != nil {
		tb.Fatalf("the body of the test is refused: %v\n%.300s", err, body)
	}
	return r
}

// plain counts everything as itself, so that a Size can be read off a body.
var plain = estimate.Formula{Message: 1, Tools: 10, Page: 100, Image: func(estimate.Picture) int64 { return 1000 }}

// measure sizes a request that has these messages, in JSON without brackets.
func measure(tb tester, messages string) estimate.Size {
	tb.Helper()
	return estimate.Measure(parse(tb, `{"model":"m","messages":[`+messages+`]}`), plain)
}

// measurePart sizes a part of a user's message. The message itself is taken off.
func measurePart(tb tester, part string, f estimate.Formula) estimate.Size {
	tb.Helper()
	s := estimate.Measure(parse(tb, `{"model":"m","messages":[{"role":"user","content":[`+part+`]}]}`), f)
	s.Fixed -= f.Message
	return s
}

func imagePart(url string) string {
	return `{"type":"image_url","image_url":{"url":"` + url + `"}}`
}

func filePart(data []byte) string {
	return `{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,` + encode(data) + `"}}`
}

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// quote writes a string as JSON, with nothing escaped that need not be.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
