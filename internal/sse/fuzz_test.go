package sse_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/sse"
)

// FuzzReader holds the reader to three promises: it does not panic, what it
// yields does not depend on how the bytes were cut, and what it yields is no
// larger than the limit.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"data: a\n\n",
		"\xef\xbb\xbfevent: x\r\ndata: 1\r\ndata: 2\r\n\r\n: c\r\rdata",
		"data: {\"a\":1}\n\ndata: [DONE]",
		"event: ping\n\n\n\r\r\n",
	} {
		f.Add([]byte(seed), uint8(3), uint8(40))
	}
	f.Fuzz(func(t *testing.T, body []byte, step, limit uint8) {
		maxEvent := int(limit) + 1
		want, wantErr := readAll(bytes.NewReader(body), maxEvent)
		got, gotErr := readAll(&stepReader{r: bytes.NewReader(body), step: int(step) + 1}, maxEvent)
		if !sameEvents(got, want) {
			t.Errorf("in steps of %d: got %+v, want %+v", int(step)+1, got, want)
		}
		if (gotErr == io.EOF) != (wantErr == io.EOF) {
			t.Errorf("in steps of %d: error %v, want %v", int(step)+1, gotErr, wantErr)
		}
		for _, e := range want {
			if len(e.name)+len(e.data) > maxEvent {
				t.Errorf("event of %d bytes, limit %d", len(e.name)+len(e.data), maxEvent)
			}
		}
	})
}

// A body cut in two anywhere reads the same: a cut inside CRLF, a byte order
// mark or a UTF-8 sequence is the classic fault.
func TestReaderSplitAnywhere(t *testing.T) {
	t.Parallel()
	body := "\xef\xbb\xbfevent: é\r\ndata: ü\r\ndata: 2\r\r\n: c\n\ndata: x\n\n\rdata: [DONE]"
	want, _ := readAll(strings.NewReader(body), 0)
	for i := range len(body) {
		got, err := readAll(io.MultiReader(strings.NewReader(body[:i]), strings.NewReader(body[i:])), 0)
		if err != io.EOF || !sameEvents(got, want) {
			t.Errorf("cut at %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
}

var lineBreak = regexp.MustCompile("\r\n|\r|\n")

// What AppendEvent writes, the reader reads back, whatever the bytes.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z_:. ]{0,12}`), 1, 8).Draw(t, "names")
		var body []byte
		var want []event
		for _, name := range names {
			data := rapid.OneOf(
				rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw")) }),
				rapid.StringMatching("[a\r\n :]{0,12}"),
			).Draw(t, "data")
			if rapid.Bool().Draw(t, "comment") {
				body = sse.AppendComment(body, data)
				for range len(lineBreak.FindAllString(data, -1)) + 2 {
					want = append(want, life)
				}
			}
			body = sse.AppendEvent(body, name, []byte(data))
			// The reader gives every line break as LF and takes one space.
			want = append(want, event{name: name, data: lineBreak.ReplaceAllString(data, "\n")})
		}
		got, err := readAll(bytes.NewReader(body), 0)
		if err != io.EOF || !sameEvents(got, want) {
			t.Fatalf("got %+v, %v, want %+v from %q", got, err, want, body)
		}
	})
}
