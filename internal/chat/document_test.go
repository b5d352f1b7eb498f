package chat_test

import (
	"errors"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
)

func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := chat.ParseDocument([]byte(` { "a" : [1, 2] , "b" : null, "c.d" : "x" } `))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, field, want string }{
		{"a value as it stands", "a", "[1, 2]"},
		{"null counts as absent", "b", ""},
		{"a name is no path", "c.d", `"x"`},
		{"a field that is missing", "e", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(doc.Bytes(tt.field)); got != tt.want {
				t.Errorf("got bytes %q, want %q", got, tt.want)
			}
			if got := doc.Get(tt.field).Raw; got != tt.want {
				t.Errorf("got value %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"nothing": ``, "a list": `[]`, "a field twice": `{"a":1,"a":2}`} {
		var p *chat.ParamError
		if _, err := chat.ParseDocument([]byte(body)); !errors.As(err, &p) {
			t.Errorf("%s: got %v, want a *ParamError", name, err)
		}
	}
}
