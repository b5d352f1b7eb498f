package chat_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// failer is what *testing.T, *testing.B and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustParse(tb failer, body string) *chat.Request {
	tb.Helper()
	r, err := chat.Parse([]byte(body))
	if err != nil {
		tb.Fatalf("parse %s: %v", body, err)
	}
	return r
}

func TestGet(t *testing.T) {
	t.Parallel()
	r := mustParse(t, with(`"a.b":1,"a":{"b":2},"nothing":null,"user*":"x"`))
	for _, tt := range []struct {
		field, raw string
	}{
		{"a.b", "1"}, // a name, not a path
		{"a", `{"b":2}`},
		{"user*", `"x"`},
		{"user?", ""},
		{"nothing", ""},
		{"absent", ""},
	} {
		v := r.Get(tt.field)
		if v.Raw != tt.raw || v.Exists() != (tt.raw != "") {
			t.Errorf("%s: got %q, exists %v, want %q", tt.field, v.Raw, v.Exists(), tt.raw)
		}
	}
}

func TestWithModel(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, model, want string }{
		{"first", `{"model":"m","messages":[{"role":"user"}]}`, "long-name", `{"model":"long-name","messages":[{"role":"user"}]}`},
		{"last", `{"messages":[{"role":"user"}],"model":"m"}`, "x", `{"messages":[{"role":"user"}],"model":"x"}`},
		{"bytes around it stay", " {\r\n\"messages\" : [{\"role\":\"user\"}] ,\t\"model\" : \"m\" , \"n\":1.0e0}\n", "x",
			" {\r\n\"messages\" : [{\"role\":\"user\"}] ,\t\"model\" : \"x\" , \"n\":1.0e0}\n"},
		{"other models stay", `{"metadata":{"model":"m"},"messages":[{"role":"user","model":"m","content":"\"model\":\"m\""}],"model":"m"}`, "x",
			`{"metadata":{"model":"m"},"messages":[{"role":"user","model":"m","content":"\"model\":\"m\""}],"model":"x"}`},
		{"escaped name and value", `{"mo\u0064el":"\u006d","messages":[{"role":"user"}]}`, "x", `{"mo\u0064el":"x","messages":[{"role":"user"}]}`},
		{"the new one is escaped", `{"model":"m","messages":[{"role":"user"}]}`, "a\"b\\\n", `{"model":"a\"b\\\n","messages":[{"role":"user"}]}`},
		{"the same", `{"model":"\u006d","messages":[{"role":"user"}]}`, "m", `{"model":"\u006d","messages":[{"role":"user"}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustParse(t, tt.body)
			if got := string(r.WithModel(tt.model)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if string(r.Raw) != tt.body {
				t.Errorf("Raw became %s", r.Raw)
			}
		})
	}
}

func TestWithModelAndUsage(t *testing.T) {
	t.Parallel()
	const head = `{"model":"m","messages":[{"role":"user"}],"stream":true`
	const sent = `{"model":"x","messages":[{"role":"user"}],"stream":true`
	tests := []struct{ name, body, want string }{
		{"no options", head + "}\n", sent + `,"stream_options":{"include_usage":true}}` + "\n"},
		{"null options", head + `,"stream_options": null }`, sent + `,"stream_options": {"include_usage":true} }`},
		{"empty options", head + `,"stream_options":{ }}`, sent + `,"stream_options":{"include_usage":true }}`},
		{"other options", head + `,"stream_options":{"include_obfuscation":false}}`,
			sent + `,"stream_options":{"include_usage":true,"include_obfuscation":false}}`},
		{"declined", head + `,"stream_options":{"a":1, "include_usage" : false}}`, sent + `,"stream_options":{"a":1, "include_usage" : true}}`},
		{"null", head + `,"stream_options":{"include_usage":null}}`, sent + `,"stream_options":{"include_usage":true}}`},
		{"asked for", head + `,"stream_options":{"include_usage":true}}`, sent + `,"stream_options":{"include_usage":true}}`},
		{"options before the model", `{"stream_options":{},"stream":true,"messages":[{"role":"user"}],"model":"m"}`,
			`{"stream_options":{"include_usage":true},"stream":true,"messages":[{"role":"user"}],"model":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustParse(t, tt.body)
			got := r.WithModelAndUsage("x")
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if again := mustParse(t, string(got)); !again.IncludeUsage {
				t.Error("the result does not ask for usage")
			}
		})
	}
}

// FuzzParse: whatever the bytes, Parse does not panic; what it accepts is read
// the same after the model was replaced, and has a conversation and a size.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		with(`"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function"}]`),
		" {\"mo\\u0064el\" : \"a\\\"b\", \"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}\n",
		messages(`[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]`),
		`{"model":"m","model":"n"}`, `[[[`, `{"model":`,
	} {
		f.Add([]byte(seed), "other")
	}
	f.Fuzz(func(t *testing.T, body []byte, model string) {
		before := bytes.Clone(body)
		r, err := chat.Parse(body)
		if err != nil {
			return
		}
		again, err := chat.Parse(r.WithModel("x" + strings.ToValidUTF8(model, "")))
		if err != nil {
			// What Parse refuses of a model is its own rule, not ours here.
			return
		}
		if want := "x" + strings.ToValidUTF8(model, ""); again.Model != want {
			t.Errorf("model %q, want %q", again.Model, want)
		}
		if got, want := withoutModel(again.Raw), withoutModel(r.Raw); got != want {
			t.Errorf("other fields became %s, want %s", got, want)
		}
		if again.Conversation() != r.Conversation() {
			t.Error("the conversation depends on the model")
		}
		if r.Stream {
			usage, err := chat.Parse(r.WithModelAndUsage(model))
			if err == nil && !usage.IncludeUsage {
				t.Error("WithModelAndUsage does not ask for usage")
			}
		}
		if !bytes.Equal(body, before) {
			t.Error("the body was modified")
		}
	})
}

// withoutModel reads a body by other means than the code under test.
func withoutModel(body []byte) string {
	var out strings.Builder
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		if key.Str != "model" {
			out.WriteString(key.Raw + ":" + value.Raw + ",")
		}
		return true
	})
	return out.String()
}

// body returns a request of a review bot of about so many bytes.
func body(size int) []byte {
	diff := strings.Repeat(`+\tif err := run(ctx, \"main\"); err != nil {\n`, size/46)
	return []byte(`{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"max_tokens":2000,` +
		`"messages":[{"role":"system","content":"You review pull requests."},{"role":"user","content":"` + diff + `"}],` +
		`"tools":[{"type":"function","function":{"name":"comment","parameters":{"type":"object","properties":{"line":{"type":"integer"}}}}}]}`)
}

func benchmark(b *testing.B, run func(b *testing.B, r *chat.Request)) {
	for _, bm := range []struct {
		name string
		size int
	}{{"2KB", 2 << 10}, {"90KB", 90 << 10}} {
		b.Run(bm.name, func(b *testing.B) {
			r := mustParse(b, string(body(bm.size)))
			b.ReportAllocs()
			b.SetBytes(int64(len(r.Raw)))
			for b.Loop() {
				run(b, r)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	benchmark(b, func(b *testing.B, r *chat.Request) {
		if _, err := chat.Parse(r.Raw); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkWithModel(b *testing.B) {
	benchmark(b, func(_ *testing.B, r *chat.Request) { r.WithModel("another-model") })
}

func BenchmarkConversation(b *testing.B) {
	benchmark(b, func(_ *testing.B, r *chat.Request) { r.Conversation() })
}
