package responses

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/provider"
)

// native is a dialect that has the API, if it says so.
type native struct {
	compatible
	has bool
	got *provider.NativeRequest
}

func (n native) EncodeNative(r provider.NativeRequest) (*provider.Call, bool) {
	*n.got = r
	return &provider.Call{Path: "/responses", Body: r.Body}, n.has
}

func TestNative(t *testing.T) {
	t.Parallel()
	const sealed = `{"type":"reasoning","summary":[],"encrypted_content":"` + thoughtsPrefix + `W10"}`
	tests := []struct{ name, body, want string }{
		{"as it came", `{ "model":"m", "input":[ {"role":"user","content":"x"} ],"previous_response_id":"resp_1","x":1}`, ""},
		{"a string that speaks of it", `{"model":"m","input":"` + thoughtsPrefix + `"}`, ""},
		{"foreign thoughts stay", `{"model":"m","input":[{"type":"reasoning","encrypted_content":"gAAA"}]}`, ""},
		{"ours go", `{"model":"m", "input": [ ` + sealed + ` , {"role":"user","content":"x"},` + sealed + `, {"type":"reasoning","encrypted_content":"gAAA"} ],"x":1}`,
			`{"model":"m", "input": [{"role":"user","content":"x"},{"type":"reasoning","encrypted_content":"gAAA"}],"x":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got provider.NativeRequest
			header := http.Header{"Openai-Beta": {"x"}}
			call, err := Encode(parse(t, tt.body), native{has: true, got: &got}, provider.NativeRequest{Model: "up", Header: header})
			if err != nil || call.Path != "/responses" {
				t.Fatalf("got %+v, %v; want the dialect's call", call, err)
			}
			want := tt.want
			if want == "" {
				want = tt.body
			}
			if string(got.Body) != want {
				t.Errorf("body: got %s, want %s", got.Body, want)
			}
			if got.API != provider.Responses || got.Model != "up" || got.Stream || got.Header.Get("Openai-Beta") != "x" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A dialect may have other APIs in their own form and not this one.
func TestNativeWithoutTheAPI(t *testing.T) {
	t.Parallel()
	var got provider.NativeRequest
	call, err := Encode(parse(t, `{"model":"m","input":"x","stream":true}`), native{got: &got}, provider.NativeRequest{Model: "up"})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Stream || !call.Stream || !strings.Contains(string(call.Body), `"messages":[{"role":"user","content":"x"}]`) {
		t.Errorf("got %s, want a translated call", call.Body)
	}
}
