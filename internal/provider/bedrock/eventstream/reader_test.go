package eventstream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	judge "github.com/aws/smithy-go/eventstream"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/provider/bedrock/eventstream"
)

// encode writes a message as the AWS SDK does.
func encode(tb testing.TB, payload string, headers ...judge.Header) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := judge.NewEncoder().Encode(&out, judge.Message{Headers: headers, Payload: []byte(payload)}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func text(name, value string) judge.Header {
	return judge.Header{Name: name, Value: judge.StringValue(value)}
}

// raw makes a message of any headers, well-formed or not, with right checksums.
func raw(headers, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(headers)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func TestNext(t *testing.T) {
	t.Parallel()
	everyType := []judge.Header{
		{Name: "yes", Value: judge.BoolValue(true)}, {Name: "no", Value: judge.BoolValue(false)},
		{Name: "byte", Value: judge.Int8Value(-1)}, {Name: "short", Value: judge.Int16Value(2)},
		{Name: "int", Value: judge.Int32Value(3)}, {Name: "long", Value: judge.Int64Value(4)},
		{Name: "bytes", Value: judge.BytesValue("raw")}, {Name: "time", Value: judge.TimestampValue(time.Unix(5, 0))},
		{Name: "uuid", Value: judge.UUIDValue{6}}, text(":event-type", "chunk"), text("empty", ""),
	}
	stream := append(encode(t, `{"a":1}`, everyType...), encode(t, "")...)
	stream = append(stream, encode(t, strings.Repeat("x", 3<<20), text(":event-type", "long"))...)
	r := eventstream.NewReader(iotest.OneByteReader(bytes.NewReader(stream)), 0)

	m, err := r.Next()
	if err != nil || string(m.Payload) != `{"a":1}` {
		t.Fatalf("got %q, %v", m.Payload, err)
	}
	for name, want := range map[string]string{":event-type": "chunk", "empty": "", "bytes": "", "long": "", "absent": ""} {
		if got := m.Header(name); string(got) != want {
			t.Errorf("header %q = %q, want %q", name, got, want)
		}
	}
	if m, err = r.Next(); err != nil || len(m.Payload) != 0 || m.Header(":event-type") != nil {
		t.Fatalf("got %q, %v, want a message of nothing", m.Payload, err)
	}
	if m, err = r.Next(); err != nil || len(m.Payload) != 3<<20 || string(m.Header(":event-type")) != "long" {
		t.Fatalf("got %d bytes, %v, want the long message", len(m.Payload), err)
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v at the end, want io.EOF each time", err)
		}
	}
}

// TestEveryCut: wherever a body breaks off within a message, that is told from
// a good end.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	stream := append(encode(t, "one", text("k", "v")), encode(t, "two")...)
	first := len(encode(t, "one", text("k", "v")))
	for cut := range stream {
		r := eventstream.NewReader(bytes.NewReader(stream[:cut]), 0)
		var err error
		for err == nil {
			_, err = r.Next()
		}
		want := io.ErrUnexpectedEOF
		if cut == 0 || cut == first {
			want = io.EOF
		}
		if !errors.Is(err, want) {
			t.Errorf("cut after %d bytes: got %v, want %v", cut, err, want)
		}
	}
}

// TestEveryDamage: whichever bit of a message is turned, it is never taken for
// a message.
func TestEveryDamage(t *testing.T) {
	t.Parallel()
	good := encode(t, "payload", text(":event-type", "chunk"))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			var damaged *eventstream.FormatError
			r := eventstream.NewReader(bytes.NewReader(bad), 0)
			if _, err := r.Next(); !errors.As(err, &damaged) {
				t.Fatalf("bit %d of byte %d turned: got %v, want a *FormatError", bit, i, err)
			}
			if _, err := r.Next(); !errors.As(err, &damaged) {
				t.Fatalf("after the damage: got %v, want the same error", err)
			}
		}
	}
}

func TestNoMessages(t *testing.T) {
	t.Parallel()
	prelude := func(total, headers uint32) []byte {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, total), headers)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	}
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"error page", []byte("<html><body>502 Bad Gateway</body></html>"), "no event stream"},
		{"shorter than itself", prelude(15, 0), "cannot hold"},
		{"of length zero", prelude(0, 0), "cannot hold"},
		{"headers beyond the end", prelude(20, 5), "cannot hold"},
		{"headers of 4 GiB", prelude(20, 0xffffffff), "cannot hold"},
		{"4 GiB", prelude(0xffffffff, 0), "over the limit"},
		{"one over the limit", prelude(1025, 0), "over the limit"},
		{"name cut off", raw([]byte{5, 'a'}, nil), "within its name"},
		{"no type", raw([]byte{1, 'a'}, nil), "within its name"},
		{"unknown type", raw([]byte{1, 'a', 10}, nil), "unknown type 10"},
		{"length cut off", raw([]byte{1, 'a', 7, 0}, nil), "within its length"},
		{"value cut off", raw([]byte{1, 'a', 7, 0, 2, 'x'}, nil), "within its value"},
		{"number cut off", raw([]byte{1, 'a', 5, 0, 0}, nil), "within its value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := eventstream.NewReader(bytes.NewReader(tt.body), 1024).Next()
			var damaged *eventstream.FormatError
			if !errors.As(err, &damaged) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a *FormatError that says %q", err, tt.want)
			}
		})
	}
}

// TestReadersError: what the connection died of is passed on as it is.
func TestReadersError(t *testing.T) {
	t.Parallel()
	died := errors.New("connection reset")
	whole := encode(t, "payload")
	for _, got := range []int{0, 5, 14} {
		body := io.MultiReader(bytes.NewReader(whole[:got]), iotest.ErrReader(died))
		if _, err := eventstream.NewReader(body, 0).Next(); !errors.Is(err, died) {
			t.Errorf("after %d bytes: got %v, want the reader's error", got, err)
		}
	}
}

// TestAgreesWithTheSDK: any messages that the SDK writes are read as they were.
func TestAgreesWithTheSDK(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type message struct{ name, value, payload string }
		var want []message
		var stream []byte
		for range rapid.IntRange(0, 5).Draw(t, "messages") {
			m := message{
				name:    rapid.StringMatching(`:?[a-z-]{1,40}`).Draw(t, "name"),
				value:   rapid.String().Draw(t, "value"),
				payload: rapid.String().Draw(t, "payload"),
			}
			want = append(want, m)
			var out bytes.Buffer
			headers := judge.Headers{{Name: "before", Value: judge.Int64Value(rapid.Int64().Draw(t, "number"))}, text(m.name, m.value)}
			if err := judge.NewEncoder().Encode(&out, judge.Message{Headers: headers, Payload: []byte(m.payload)}); err != nil {
				t.Fatal(err)
			}
			stream = append(stream, out.Bytes()...)
		}
		r := eventstream.NewReader(iotest.HalfReader(bytes.NewReader(stream)), 0)
		for _, w := range want {
			got, err := r.Next()
			if err != nil || string(got.Payload) != w.payload || string(got.Header(w.name)) != w.value && w.name != "before" {
				t.Fatalf("got %q with %q, %v; want %+v", got.Payload, got.Header(w.name), err, w)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("got %v, want io.EOF", err)
		}
	})
}

// FuzzReader: no body makes the reader panic, read for ever or accept what the
// SDK would refuse.
func FuzzReader(f *testing.F) {
	f.Add(append(encode(f, `{"bytes":"e30="}`, text(":event-type", "chunk")), encode(f, "")...))
	f.Add(encode(f, "", judge.Header{Name: "uuid", Value: judge.UUIDValue{1}}))
	f.Add([]byte("<html>"))
	f.Add(raw([]byte{1, 'a', 7, 0, 2, 'x'}, nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, theirs := eventstream.NewReader(bytes.NewReader(body), 1<<20), bytes.NewReader(body)
		for range len(body)/16 + 1 {
			got, err := r.Next()
			if err != nil {
				return
			}
			want, err := judge.NewDecoder().Decode(theirs, nil)
			if err != nil {
				t.Fatalf("accepted what the SDK refuses: %v", err)
			}
			if !bytes.Equal(got.Payload, want.Payload) {
				t.Fatalf("got payload %q, the SDK %q", got.Payload, want.Payload)
			}
			_ = got.Header(":event-type")
		}
		if _, err := r.Next(); err == nil {
			t.Fatal("more messages than the body has room for")
		}
	})
}

// BenchmarkReader reads messages as Bedrock sends them.
func BenchmarkReader(b *testing.B) {
	one := encode(b, `{"contentBlockIndex":0,"delta":{"text":" word"},"p":"abcdefghijkl"}`,
		text(":event-type", "contentBlockDelta"), text(":content-type", "application/json"), text(":message-type", "event"))
	const messages = 500
	body := bytes.Repeat(one, messages)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := eventstream.NewReader(bytes.NewReader(body), 0)
		for {
			m, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || string(m.Header(":event-type")) != "contentBlockDelta" {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}

// TestNoAllocations: reading a message takes no memory.
func TestNoAllocations(t *testing.T) {
	body := bytes.Repeat(encode(t, `{"p":"a"}`, text(":event-type", "messageStart")), 1000)
	r := eventstream.NewReader(bytes.NewReader(body), 0)
	got := testing.AllocsPerRun(900, func() {
		if m, err := r.Next(); err != nil || m.Header(":event-type") == nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("got %v allocations for a message, want none", got)
	}
}
