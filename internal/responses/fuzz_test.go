package responses

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
)

// FuzzEncode holds the way there to its promises: no panic, errors that name a
// parameter, and a translation that is JSON and the same every time.
func FuzzEncode(f *testing.F) {
	for _, body := range golden.Inputs(f, "request", ".json") {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := Parse(body)
		if err != nil {
			wantParamError(t, err)
			return
		}
		_ = req.Conversation()
		call, err := Encode(req, compatible{}, provider.NativeRequest{Model: "m"})
		if err != nil {
			wantParamError(t, err)
			return
		}
		if !json.Valid(call.Body) {
			t.Errorf("not JSON: %s", call.Body)
		}
		again, err := Encode(req, compatible{}, provider.NativeRequest{Model: "m"})
		if err != nil || string(again.Body) != string(call.Body) {
			t.Errorf("another time: got %s, %v, want %s", again.Body, err, call.Body)
		}
		for _, name := range call.Dropped {
			if !isWord(name) {
				t.Errorf("%q would stand in a header", name)
			}
		}
	})
}

func wantParamError(t *testing.T, err error) {
	t.Helper()
	var p *chat.ParamError
	if !errors.As(err, &p) {
		t.Errorf("got %v, want a *chat.ParamError", err)
	}
}

// FuzzWithoutOurs wants a body that stays JSON when items are cut out of it.
func FuzzWithoutOurs(f *testing.F) {
	f.Add([]byte(`{"model":"m","input":[{"encrypted_content":"` + thoughtsPrefix + `W10"},{"role":"user"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := Parse(body)
		if err != nil {
			return
		}
		got := withoutOurs(req)
		if again, err := Parse(got); err != nil || string(withoutOurs(again)) != string(got) {
			t.Errorf("of %s became %s: %v", body, got, err)
		}
	})
}
