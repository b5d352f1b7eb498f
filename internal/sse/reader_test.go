package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fallow-dev/fallow/internal/sse"
)

// event is an sse.Event that can be kept and compared.
type event struct {
	name, data string
	life       bool // a sign of life: nil data
}

var life = event{life: true}

// readAll reads until the error, and copies what it read.
func readAll(r io.Reader, maxEvent int) ([]event, error) {
	var events []event
	reader := sse.NewReader(r, maxEvent)
	for {
		e, err := reader.Next()
		if err != nil {
			return events, err
		}
		events = append(events, event{e.Name, string(e.Data), e.Data == nil})
	}
}

func sameEvents(a, b []event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestReaderNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want []event
	}{
		{"empty body", "", nil},
		{"one event", "data: a\n\n", []event{{data: "a"}}},
		{"CRLF", "event: n\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []event{{name: "n", data: "a"}, {data: "b"}}},
		{"CR", "data: a\r\rdata: b\r\r", []event{{data: "a"}, {data: "b"}}},
		{"mixed line breaks", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", []event{{data: "a"}, {data: "b"}, {data: "c"}}},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []event{{data: "a"}}},
		{"byte order mark before a blank line", "\xef\xbb\xbf\ndata: a\n\n", []event{life, {data: "a"}}},
		{"byte order mark only at the start", "data: a\n\n\xef\xbb\xbfdata: b\n\n", []event{{data: "a"}, life}},
		{"several data lines", "data: a\ndata:\ndata: b\n\n", []event{{data: "a\n\nb"}}},
		{"one leading space goes", "data:a\ndata: b\ndata:  c\n\n", []event{{data: "a\nb\n c"}}},
		{"a tab stays", "data:\ta\n\n", []event{{data: "\ta"}}},
		{"field without colon", "data\n\n", []event{{}}},
		{"empty data is an event", "data:\n\n", []event{{}}},
		{"two empty data lines", "data\ndata\n\n", []event{{data: "\n"}}},
		{"comment", ": keep-alive\n\n", []event{life, life}},
		{"comment between the lines of an event", "data: a\n:c\ndata: b\n\n", []event{life, {data: "a\nb"}}},
		{"blank lines", "\n\ndata: a\n\n\n", []event{life, life, {data: "a"}, life}},
		{"event without data is not dispatched", "event: ping\n\ndata: a\n\n", []event{life, {data: "a"}}},
		{"the last name counts", "event: a\nevent: b\ndata: x\n\n", []event{{name: "b", data: "x"}}},
		{"an empty name takes the name back", "event: a\nevent\ndata: x\n\n", []event{{data: "x"}}},
		{"a name holds for one event", "event: a\ndata: x\n\ndata: y\n\n", []event{{name: "a", data: "x"}, {data: "y"}}},
		{"a name may return", "event: a\ndata: x\n\ndata: y\n\nevent: a\ndata: z\n\n",
			[]event{{name: "a", data: "x"}, {data: "y"}, {name: "a", data: "z"}}},
		{"id, retry and unknown fields", "id: 1\nretry: 5\nfoo: bar\nDATA: no\n data: no\ndata: a\n\n", []event{{data: "a"}}},
		{"colons in data", "data: a:b: c\n\n", []event{{data: "a:b: c"}}},
		{"data that looks like a comment", "data: : c\n\n", []event{{data: ": c"}}},
		{"last event without blank line", "data: a\n\ndata: [DONE]\n", []event{{data: "a"}, {data: "[DONE]"}}},
		{"last event without line break", "event: e\ndata: [DONE]", []event{{name: "e", data: "[DONE]"}}},
		{"last event ends in CR", "data: a\r", []event{{data: "a"}}},
		{"a name alone at the end is nothing", "event: e", nil},
		{"not UTF-8", "data: \xff\xfe\n\n", []event{{data: "\xff\xfe"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, read := range []struct {
				how string
				r   io.Reader
			}{
				{"whole", strings.NewReader(tt.body)},
				{"byte by byte", iotest.OneByteReader(strings.NewReader(tt.body))},
				{"data with EOF", iotest.DataErrReader(strings.NewReader(tt.body))},
			} {
				got, err := readAll(read.r, 0)
				if err != io.EOF {
					t.Errorf("%s: error %v, want io.EOF", read.how, err)
				}
				if !sameEvents(got, tt.want) {
					t.Errorf("%s: got %+v, want %+v", read.how, got, tt.want)
				}
			}
		})
	}
}

// A reader that waited for the byte after a CR, or for a full buffer, would hold
// each event back until the next one.
func TestReaderReadsNoFurtherThanTheEvent(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r\n"} {
		body := "data: a" + end
		// CRLF is complete at its CR: the reader must not ask for more.
		arrived := strings.TrimSuffix(body, "\n")
		if end == "\n\n" {
			arrived = body
		}
		r := sse.NewReader(io.MultiReader(strings.NewReader(arrived), iotest.ErrReader(errors.New("asked for more"))), 0)
		e, err := r.Next()
		if err != nil || string(e.Data) != "a" {
			t.Errorf("%q: got %q, %v, want the event without another read", end, e.Data, err)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	tests := []struct {
		name string
		body io.Reader
		max  int
		want []event
		err  error
	}{
		{"the body's error loses the unfinished event",
			io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(broken)), 0, []event{{data: "a"}}, broken},
		{"a cut body is not an end",
			io.MultiReader(strings.NewReader("data: b"), iotest.ErrReader(io.ErrUnexpectedEOF)), 0, nil, io.ErrUnexpectedEOF},
		{"a body that gives nothing", idleReader{}, 0, nil, io.ErrNoProgress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := readAll(tt.body, tt.max)
			if err != tt.err {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if !sameEvents(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

func TestReaderLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		max  int
		want []event
		fits bool
	}{
		{"one line that just fits", "data: 1234\n\n", 10, []event{{data: "1234"}}, true},
		{"one byte more", "data: 12345\n\n", 10, nil, false},
		{"lines count together", "data: 1\ndata: 2\n\n", 14, []event{{data: "1\n2"}}, true},
		{"lines count together and do not fit", "data: 1\ndata: 2\n\n", 13, nil, false},
		{"ignored fields count", "id: 1\ndata: 2\n\n", 11, nil, false},
		{"each event counts for itself", "data: 1\n\ndata: 2\n\n", 7, []event{{data: "1"}, {data: "2"}}, true},
		{"comments do not add up", ":aaaa\n:bbbb\n:cccc\ndata:1\n\n", 6, []event{life, life, life, {data: "1"}}, true},
		{"a comment has the limit too", "data: 1\n\n: 1234567\n", 8, []event{{data: "1"}}, false},
		{"a line without end", "data: 1\n\n" + strings.Repeat("x", 20<<10), 9000, []event{{data: "1"}}, false},
		{"a line beyond the first buffer", "data:" + strings.Repeat("x", 20<<10) + "\n\n", 30 << 10, []event{{data: strings.Repeat("x", 20<<10)}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []io.Reader{strings.NewReader(tt.body), iotest.OneByteReader(strings.NewReader(tt.body))} {
				got, err := readAll(body, tt.max)
				var tooLarge *sse.TooLargeError
				switch {
				case tt.fits && err != io.EOF:
					t.Errorf("error %v, want io.EOF", err)
				case !tt.fits && !errors.As(err, &tooLarge):
					t.Errorf("error %v, want *TooLargeError", err)
				case !tt.fits && tooLarge.Limit != tt.max:
					t.Errorf("Limit %d, want %d", tooLarge.Limit, tt.max)
				}
				if !sameEvents(got, tt.want) {
					t.Errorf("got %d events, want %d", len(got), len(tt.want))
				}
			}
		})
	}
}

func TestReaderErrorIsFinal(t *testing.T) {
	t.Parallel()
	r := sse.NewReader(strings.NewReader("data: 123456\n\ndata: 1\n\n"), 8)
	_, first := r.Next()
	e, second := r.Next()
	if first == nil || first != second {
		t.Errorf("second call gave %+v, %v, want the error of the first: %v", e, second, first)
	}
	if want := "server-sent event is larger than 8 bytes"; first.Error() != want {
		t.Errorf("error %q, want %q", first, want)
	}
}

// The default limit is what the vendors' SDKs scan; an event just under it must
// come through although the buffer starts at 4 KiB.
func TestReaderDefaultLimit(t *testing.T) {
	t.Parallel()
	const limit = 32 << 20
	data := strings.Repeat("x", limit-len("data:"))
	got, err := readAll(strings.NewReader("data:"+data+"\n\n"), 0)
	if err != io.EOF || len(got) != 1 || len(got[0].data) != len(data) {
		t.Errorf("got %d events, error %v, want the one event and io.EOF", len(got), err)
	}
	_, err = readAll(strings.NewReader("data:"+data+"x\n\n"), 0)
	var tooLarge *sse.TooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Limit != limit {
		t.Errorf("one byte more: error %v, want *TooLargeError with limit %d", err, limit)
	}
}
