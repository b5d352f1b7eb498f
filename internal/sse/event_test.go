package sse_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/sse"
)

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		event string
		data  string
		want  string
	}{
		{"data only", "", `{"a":1}`, "data: {\"a\":1}\n\n"},
		{"named", "ping", "{}", "event: ping\ndata: {}\n\n"},
		{"empty data is still an event", "", "", "data: \n\n"},
		{"a leading space survives", "", " x", "data:  x\n\n"},
		{"three kinds of line break", "", "a\nb\r\nc\rd", "data: a\ndata: b\ndata: c\ndata: d\n\n"},
		{"a last line break is kept", "", "a\n", "data: a\ndata: \n\n"},
		{"CR CR is two breaks", "", "a\r\rb", "data: a\ndata: \ndata: b\n\n"},
		{"a name cannot smuggle in a field", "a\ndata: evil", "x", "event: a\ndata: x\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := string(sse.AppendEvent([]byte("before|"), tt.event, []byte(tt.data)))
			if want := "before|" + tt.want; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAppendComment(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"plain", "keep-alive", ": keep-alive\n\n"},
		{"empty", "", ": \n\n"},
		{"a line break cannot smuggle in a field", "a\ndata: evil", ": a\n: data: evil\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(sse.AppendComment(nil, tt.text)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
