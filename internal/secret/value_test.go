package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/goccy/go-yaml"
)

const canary = "sk-ant-canary-0123456789"

// holder has a Value where fmt may call its methods and where it may not.
type holder struct {
	Open    secret.Value
	hidden  secret.Value
	List    []secret.Value
	Map     map[string]secret.Value
	Keys    map[secret.Value]int
	Pointer *secret.Value
	Any     any
}

func newHolder() holder {
	v := secret.New(canary)
	return holder{Open: v, hidden: v, List: []secret.Value{v}, Map: map[string]secret.Value{"k": v},
		Keys: map[secret.Value]int{v: 1}, Pointer: &v, Any: v}
}

type holdingError struct{ value secret.Value }

func (e holdingError) Error() string { return fmt.Sprint("refused: ", e.value) }

// checkClean fails when text holds the canary, plainly or as fmt's %x, %X, %d
// and %U would write it.
func checkClean(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary),
		strings.Trim(fmt.Sprint([]byte(canary)), "[]"), fmt.Sprintf("% x", canary)} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
}

func TestValueIsNeverPrinted(t *testing.T) {
	t.Parallel()
	v, h := secret.New(canary), newHolder()
	things := map[string]any{
		"value": v, "pointer": &v, "struct": h, "pointer to struct": &h,
		"slice": []any{v, h}, "array": [1]secret.Value{v}, "error": holdingError{v},
		"joined": errors.Join(holdingError{v}, fmt.Errorf("wrapped: %w", holdingError{v})),
	}
	for name, thing := range things {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspwz" {
			for _, flags := range []string{"", "+", "#", " ", "-40", "040", ".3"} {
				format := "%" + flags + string(verb)
				checkClean(t, name+" in "+format, fmt.Sprintf(format, thing))
			}
		}
	}
}

func TestValueIsNeverEncoded(t *testing.T) {
	t.Parallel()
	v, h := secret.New(canary), newHolder()
	for _, thing := range []any{v, h, &h, []secret.Value{v}} {
		data, err := json.Marshal(thing)
		if err != nil {
			t.Fatalf("json.Marshal: %v", err)
		}
		checkClean(t, "json", string(data))
		if data, err = yaml.Marshal(thing); err != nil {
			t.Fatalf("yaml.Marshal: %v", err)
		}
		checkClean(t, "yaml", string(data))
	}
	for _, text := range []string{v.String(), v.GoString(), v.LogValue().String()} {
		if text != "[redacted]" {
			t.Errorf("got %q, want [redacted]", text)
		}
	}
}

func TestValueIsNeverLogged(t *testing.T) {
	t.Parallel()
	v, h := secret.New(canary), newHolder()
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).With("key", v).Info(fmt.Sprint(v), "value", v, "pointer", &v, "struct", h,
			"any", any(v), "error", holdingError{v}, slog.Group("group", "value", v))
	}
	checkClean(t, "slog", out.String())
	if got, want := strings.Count(out.String(), "[redacted]"), 10; got < want {
		t.Errorf("log has %d times [redacted], want at least %d:\n%s", got, want, out.String())
	}
}

func TestValueEquality(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b string
		want bool
	}{
		{"same", canary, strings.Clone(canary), true},
		{"other", canary, canary + "x", false},
		{"same length", "abc", "abd", false},
		{"empty and full", "", "a", false},
		{"two empty never match", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := secret.New(tt.a), secret.New(tt.b)
			if got := a.Equal(b); got != tt.want {
				t.Errorf("Equal: got %v, want %v", got, tt.want)
			}
			if got, want := a == b, tt.a == tt.b; got != want {
				t.Errorf("==: got %v, want %v", got, want)
			}
			if got, want := a.Hash() == b.Hash(), tt.a == tt.b; got != want {
				t.Errorf("Hash: equal %v, want %v", got, want)
			}
			if a.Reveal() != tt.a || a.Empty() != (tt.a == "") {
				t.Errorf("got %q (empty %v), want %q", a.Reveal(), a.Empty(), tt.a)
			}
		})
	}
}
