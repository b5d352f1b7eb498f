package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

// FuzzEncodeChat: whatever chat.Parse accepts becomes JSON or an error that
// names a parameter, twice the same.
func FuzzEncodeChat(f *testing.F) {
	for _, body := range golden.Inputs(f, "request", ".json", ".request.json") {
		f.Add(body)
	}
	f.Add([]byte(request("claude-3-opus-20240229", oneTool, `"tool_choice":"required"`)))
	f.Add([]byte(messages(userTurn, toolUse, `{"role":"tool","tool_call_id":"c1","content":[]}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := chat.Parse(body)
		if err != nil {
			return
		}
		call, err := newTestDialect().EncodeChat(req, req.Model)
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
		again, err := newTestDialect().EncodeChat(req, req.Model)
		if err != nil || !bytes.Equal(call.Body, again.Body) {
			t.Fatalf("second time got %v and %s, first %s", err, again.Body, call.Body)
		}
	})
}

// FuzzStream: every chunk is JSON, and the stream ends.
func FuzzStream(f *testing.F) {
	for _, body := range golden.Inputs(f, "stream", ".sse", ".request.json") {
		f.Add(body, true)
	}
	f.Fuzz(func(t *testing.T, body []byte, includeUsage bool) {
		s := newStream(bytes.NewReader(body), includeUsage)
		for range len(body) + 3 { // each chunk takes a byte at least, but for the last two
			chunk, err := s.Next()
			if err != nil {
				if (err == io.EOF) != s.Usage().Exact {
					t.Fatalf("ended with %v and %+v", err, s.Usage())
				}
				return
			}
			if len(chunk.Data) > 0 && !json.Valid(chunk.Data) {
				t.Fatalf("chunk is not JSON: %s", chunk.Data)
			}
			if chunk.Content && len(chunk.Data) == 0 {
				t.Fatal("content without data")
			}
		}
		t.Fatal("the stream has no end")
	})
}

// FuzzWhole: a completion is JSON, and what is none is an error.
func FuzzWhole(f *testing.F) {
	for _, body := range golden.Inputs(f, "answer", ".json", ".request.json") {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := (&answer{now: newTestDialect().now}).Whole(body)
		if err == nil && !json.Valid(reply.Body) {
			t.Fatalf("completion is not JSON: %s", reply.Body)
		}
	})
}

// FuzzClassify: a fault always has a class and a text.
func FuzzClassify(f *testing.F) {
	f.Add(400, []byte(errorBody("invalid_request_error", "", "reached your specified API usage limits 2026-12-01 at 00:00")))
	f.Add(529, []byte(`{"type":"error","error":{"ty`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got := newTestDialect().Classify(status, nil, body, noon)
		if got.Class == "" || got.Message == "" || got.RetryAfter < 0 {
			t.Fatalf("got %+v", got)
		}
		if !got.Until.IsZero() && !got.Until.After(noon) {
			t.Fatalf("ended already: %v", got.Until)
		}
	})
}

// FuzzEncodeNative: only the model changes, and JSON stays JSON.
func FuzzEncodeNative(f *testing.F) {
	for _, body := range golden.Inputs(f, "native", ".json", ".request.json") {
		f.Add(body)
	}
	f.Add([]byte(`{"a":"\"model\":","model":"x"}`))
	f.Add([]byte(`{"model" : "a","model":[{"model":1}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		call, ok := newTestDialect().EncodeNative(provider.NativeRequest{API: provider.Messages, Body: body, Model: "up"})
		if !ok || !bytes.Equal(body, before) {
			t.Fatalf("ok = %v, body %q, was %q", ok, body, before)
		}
		if !json.Valid(body) {
			return
		}
		var was, is map[string]json.RawMessage
		if json.Unmarshal(body, &was) != nil || was == nil {
			return
		}
		if err := json.Unmarshal(call.Body, &is); err != nil {
			t.Fatalf("%q became %q: %v", body, call.Body, err)
		}
		if _, had := was["model"]; had {
			was["model"] = json.RawMessage(`"up"`)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("%q became %q", body, call.Body)
		}
	})
}

// FuzzNativeStream: events keep their bytes, and the stream ends as the
// translated one does.
func FuzzNativeStream(f *testing.F) {
	for _, dir := range []string{"stream", "native"} {
		for _, body := range golden.Inputs(f, dir, ".sse", ".request.json") {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := (&nativeAnswer{now: newTestDialect().now}).Stream(bytes.NewReader(body))
		for range len(body) + 2 {
			chunk, err := s.Next()
			if err != nil {
				if (err == io.EOF) != s.Usage().Exact {
					t.Fatalf("ended with %v and %+v", err, s.Usage())
				}
				return
			}
			if len(chunk.Data) > 0 && (!json.Valid(chunk.Data) || chunk.Event == "") {
				t.Fatalf("event %q: %q", chunk.Event, chunk.Data)
			}
		}
		t.Fatal("the stream has no end")
	})
}

// FuzzCloseSchema: a closed schema is JSON and can be judged, too.
func FuzzCloseSchema(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"oneOf":[{"minimum":1}],"description":"x"}},"$ref":"#/$defs/a"}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		if _, err := chat.Parse([]byte(request(`"x":` + string(schema)))); err != nil {
			return // which is what bounds the depth
		}
		got := closed(string(schema))
		if !json.Valid([]byte(got)) {
			t.Fatalf("not JSON: %s", got)
		}
		var cost schemaCost
		cost.add(gjson.Parse(got))
	})
}
