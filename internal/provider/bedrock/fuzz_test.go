package bedrock

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
)

// FuzzEncodeChat: whatever chat.Parse accepts becomes JSON or a fault that names
// a parameter, twice the same.
func FuzzEncodeChat(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}]}`), true)
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://x"}]}],"service_tier":"flex"}`), false)
	f.Fuzz(func(t *testing.T, body []byte, claude bool) {
		req, err := chat.Parse(body)
		if err != nil {
			return
		}
		model := "amazon.nova-pro-v1:0"
		if claude {
			model = "us.anthropic.claude-opus-5"
		}
		call, err := newTestDialect().EncodeChat(req, model)
		if err != nil {
			var p *chat.ParamError
			if !errors.As(err, &p) || p.Param == "" || p.Message == "" {
				t.Fatalf("got error %#v, want a *chat.ParamError that names a parameter", err)
			}
			return
		}
		if !json.Valid(call.Body) {
			t.Fatalf("body is not JSON: %s", call.Body)
		}
		again, err := newTestDialect().EncodeChat(req, model)
		if err != nil || !bytes.Equal(call.Body, again.Body) {
			t.Fatalf("second time got %v and %s, first %s", err, again.Body, call.Body)
		}
	})
}

// FuzzMessages: any object in place of a Messages body becomes JSON or an error,
// and Converse's turns alternate, beginning with the user's.
func FuzzMessages(f *testing.F) {
	for _, body := range golden.Inputs(f, "converse", ".json") {
		f.Add([]byte(gjson.GetBytes(body, "body").Raw))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) || !gjson.ParseBytes(body).IsObject() {
			return
		}
		for _, model := range []string{"amazon.nova-pro-v1:0", "anthropic.claude-opus-5"} {
			call, err := newTestDialect().encode(&request{doc: gjson.ParseBytes(body), model: model, answer: asIs{}})
			if err != nil {
				continue
			}
			if !json.Valid(call.Body) {
				t.Fatalf("%s: body is not JSON: %s", model, call.Body)
			}
			if model == "amazon.nova-pro-v1:0" {
				checkTurns(t, call.Body)
			}
		}
	})
}

func checkTurns(t *testing.T, body []byte) {
	t.Helper()
	for i, turn := range gjson.GetBytes(body, "messages").Array() {
		want := []string{user, assistant}[i%2]
		if got := turn.Get("role").Str; got != want || len(turn.Get("content").Array()) == 0 {
			t.Fatalf("turn %d is %s's and has %d blocks, want %s's and some", i, got, len(turn.Get("content").Array()), want)
		}
	}
}

// FuzzStream: whatever the frames hold, the stream ends, every chunk is JSON and
// only a good end has exact usage.
func FuzzStream(f *testing.F) {
	for _, lines := range golden.Inputs(f, "stream", ".txt") {
		for line := range bytes.Lines(lines) {
			kind, payload, _ := bytes.Cut(line, []byte(" "))
			f.Add(string(kind), payload, "metadata", []byte(`{"usage":{}}`))
		}
	}
	f.Add("chunk", []byte(`{"bytes":"e30="}`), "messageStop", []byte(`{"stopReason":"end_turn"}`))
	f.Fuzz(func(t *testing.T, kind1 string, payload1 []byte, kind2 string, payload2 []byte) {
		if len(kind1)+len(kind2) > 1000 {
			return
		}
		body := append(frame(t, string(payload1), ":event-type", kind1), frame(t, string(payload2), ":event-type", kind2)...)
		for _, model := range []string{"amazon.nova-pro-v1:0", "anthropic.claude-opus-5"} {
			s := answerOf(t, model).Stream(bytes.NewReader(body))
			for n := 0; ; n++ {
				chunk, err := s.Next()
				if err != nil {
					if (err == io.EOF) != s.Usage().Exact {
						t.Fatalf("ended with %v and %+v", err, s.Usage())
					}
					break
				}
				if len(chunk.Data) > 0 && !json.Valid(chunk.Data) {
					t.Fatalf("chunk is not JSON: %s", chunk.Data)
				}
				if n > 100 {
					t.Fatal("the stream has no end")
				}
			}
		}
	})
}

// FuzzWhole: a completion is JSON, and what is none is an error.
func FuzzWhole(f *testing.F) {
	for _, body := range golden.Inputs(f, "answer", ".json") {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := answerOf(t, "amazon.nova-pro-v1:0").Whole(body)
		if err == nil && !json.Valid(reply.Body) {
			t.Fatalf("completion is not JSON: %s", reply.Body)
		}
	})
}
