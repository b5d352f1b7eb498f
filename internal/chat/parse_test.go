package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
)

// with returns a valid request with more top-level fields.
func with(fields string) string {
	return `{"model":"m","messages":[{"role":"user","content":"hi"}],` + fields + `}`
}

func messages(list string) string { return `{"model":"m","messages":` + list + `}` }

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		body         string
		model        string
		stream       bool
		includeUsage bool
		maxOutput    int64
	}{
		{name: "smallest", body: messages(`[{"role":"user"}]`), model: "m"},
		{name: "space everywhere", body: " \n\t{ \"model\" :\r\n \"m\" , \"messages\" : [ { \"role\" : \"user\" } ] } \n", model: "m"},
		{name: "escaped model", body: `{"model":"g\u0070t","messages":[{"role":"user"}]}`, model: "gpt"},
		{name: "escaped field name", body: `{"mod\u0065l":"m","messages":[{"role":"user"}]}`, model: "m"},
		{name: "every role", body: messages(`[{"role":"system"},{"role":"developer"},{"role":"user"},{"role":"assistant","content":null},{"role":"tool"},{"role":"function"}]`), model: "m"},
		{name: "stream", body: with(`"stream":true`), model: "m", stream: true},
		{name: "stream with usage", body: with(`"stream":true,"stream_options":{"include_usage":true}`), model: "m", stream: true, includeUsage: true},
		{name: "options before stream", body: with(`"stream_options":{"include_usage":true},"stream":true`), model: "m", stream: true, includeUsage: true},
		{name: "usage declined", body: with(`"stream":true,"stream_options":{"include_usage":false,"include_obfuscation":true}`), model: "m", stream: true},
		{name: "usage null", body: with(`"stream":true,"stream_options":{"include_usage":null}`), model: "m", stream: true},
		{name: "nulls are absent", body: with(`"stream":null,"stream_options":null,"n":null,"max_tokens":null,"max_completion_tokens":null,"temperature":null,"tools":null`), model: "m"},
		{name: "max_tokens", body: with(`"max_tokens":5`), model: "m", maxOutput: 5},
		{name: "max_completion_tokens wins", body: with(`"max_tokens":5,"max_completion_tokens":7`), model: "m", maxOutput: 7},
		{name: "null gives way", body: with(`"max_tokens":5,"max_completion_tokens":null`), model: "m", maxOutput: 5},
		{name: "an integer may be written as 1e3", body: with(`"max_tokens":1e3`), model: "m", maxOutput: 1000},
		{name: "bounds of temperature", body: with(`"temperature":2.0,"n":1`), model: "m"},
		{name: "temperature 0, which most who set it want", body: with(`"temperature":0`), model: "m"},
		{name: "empty tools are the provider's business", body: with(`"tools":[]`), model: "m"},
		{name: "unknown fields", body: with(`"x":{"y":[1,{"z":null}]},"":0`), model: "m"},
		{name: "as deep as allowed", body: with(`"x":` + nested(255)), model: "m"},
		{name: "brackets in strings are no depth", body: with(`"x":"` + strings.Repeat(`[\"{\\`, 300) + `"`), model: "m"},
		{name: "not UTF-8 is the provider's business", body: with("\"x\":\"\xff\""), model: "m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := chat.Parse([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if r.Model != tt.model || r.Stream != tt.stream || r.IncludeUsage != tt.includeUsage {
				t.Errorf("got model %q, stream %v, include usage %v, want %q, %v, %v",
					r.Model, r.Stream, r.IncludeUsage, tt.model, tt.stream, tt.includeUsage)
			}
			if got := r.MaxOutput(); got != tt.maxOutput {
				t.Errorf("MaxOutput %d, want %d", got, tt.maxOutput)
			}
			if string(r.Raw) != tt.body {
				t.Errorf("Raw is %q, want the body", r.Raw)
			}
		})
	}
}

// nested returns arrays nested so deep.
func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		body  string
		param string
		says  string // a part of the message
	}{
		{"empty", "", "", "the body is empty: send a JSON object, such as"},
		{"only space", "  ", "", "the body is empty"},
		{"cut off", `{"model":"m","messages":[`, "", "unexpected end of JSON input, at byte 25 of 25"},
		{"stray comma", `{"model":"m",}`, "", "looking for beginning of object key string, at byte 14 of 14"},
		{"single quotes", `{'model':'m'}`, "", "at byte 2 of 13"},
		{"second value", with(`"a":1`) + "{}", "", "after top-level value"},
		{"raw control character", with("\"x\":\"a\nb\""), "", "in string literal"},
		{"byte order mark", "\xef\xbb\xbf{}", "", "at byte 1 of 5"},
		{"array", "[]", "", "must be a JSON object"},
		{"string", `"{}"`, "", "must be a JSON object"},
		{"null", "null", "", "must be a JSON object"},
		{"too deep", with(`"x":` + nested(256)), "", "more than 256 deep, at byte"},
		{"model twice", `{"model":"a","model":"b","messages":[{"role":"user"}]}`, "model", "given twice"},
		{"model twice, once in disguise", `{"model":"a","mo\u0064el":"b","messages":[{"role":"user"}]}`, "model", "given twice"},
		{"null then value", with(`"n":null,"n":3`), "n", "given twice"},
		{"unknown field twice", with(`"` + strings.Repeat("x", 100) + `":1,"` + strings.Repeat("x", 100) + `":1`), strings.Repeat("x", 64) + "…", "given twice"},
		{"too many fields", with(manyFields(255)), "", "more than 256"},
		{"no model", `{"messages":[{"role":"user"}]}`, "model", "non-empty string"},
		{"model null", `{"model":null,"messages":[{"role":"user"}]}`, "model", "non-empty string"},
		{"model empty", `{"model":"","messages":[{"role":"user"}]}`, "model", "non-empty string"},
		{"model a number", `{"model":4,"messages":[{"role":"user"}]}`, "model", "non-empty string"},
		{"model too long", `{"model":"` + strings.Repeat("m", 257) + `","messages":[{"role":"user"}]}`, "model", "longer than 256"},
		{"model with line break", `{"model":"m\r\nx-evil: 1","messages":[{"role":"user"}]}`, "model", "control"},
		{"no messages", `{"model":"m"}`, "messages", "non-empty array"},
		{"messages null", messages(`null`), "messages", "non-empty array"},
		{"messages an object", messages(`{}`), "messages", "non-empty array"},
		{"messages empty", messages(`[]`), "messages", "at least one"},
		{"message a string", messages(`[{"role":"user"},"hi"]`), "messages[1]", "must be an object"},
		{"no role", messages(`[{"content":"x"}]`), "messages[0].role", "system, developer"},
		{"role a number", messages(`[{"role":1}]`), "messages[0].role", "system, developer"},
		{"unknown role", messages(`[{"role":"user"},{"role":"user"},{"role":"user"},{"role":"User"}]`), "messages[3].role", "system, developer"},
		{"stream a string", with(`"stream":"true"`), "stream", "true or false"},
		{"stream a number", with(`"stream":1`), "stream", "true or false"},
		{"stream_options without stream", with(`"stream_options":{}`), "stream_options", "only allowed"},
		{"stream_options with stream false", with(`"stream":false,"stream_options":{}`), "stream_options", "only allowed"},
		{"stream_options an array", with(`"stream":true,"stream_options":[]`), "stream_options", "must be an object"},
		{"include_usage a number", with(`"stream":true,"stream_options":{"include_usage":1}`), "stream_options.include_usage", "true or false"},
		{"n zero", with(`"n":0`), "n", "integer of at least 1"},
		{"n broken", with(`"n":1.5`), "n", "integer of at least 1"},
		{"n a string", with(`"n":"1"`), "n", "integer of at least 1"},
		{"max_tokens zero", with(`"max_tokens":0`), "max_tokens", "integer of at least 1"},
		{"max_tokens beyond int64", with(`"max_tokens":1e30`), "max_tokens", "integer of at least 1"},
		{"max_tokens beyond float64", with(`"max_tokens":1e999`), "max_tokens", "integer of at least 1"},
		{"max_completion_tokens negative", with(`"max_completion_tokens":-1`), "max_completion_tokens", "integer of at least 1"},
		{"too hot", with(`"temperature":2.01`), "temperature", "between 0 and 2"},
		{"too cold", with(`"temperature":-0.1`), "temperature", "between 0 and 2"},
		{"temperature a string", with(`"temperature":"1"`), "temperature", "between 0 and 2"},
		{"tools an object", with(`"tools":{}`), "tools", "array of objects"},
		{"tool a string", with(`"tools":[{},"x"]`), "tools[1]", "must be an object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := chat.Parse([]byte(tt.body))
			var fault *chat.ParamError
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a *ParamError", err)
			}
			if fault.Param != tt.param {
				t.Errorf("Param %q, want %q", fault.Param, tt.param)
			}
			if !strings.Contains(fault.Message, tt.says) {
				t.Errorf("Message %q, want %q in it", fault.Message, tt.says)
			}
		})
	}
}

func manyFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"f%d":0`, i)
	}
	return strings.Join(fields, ",")
}

// A body of 6 MB of opening brackets would be a recursion of 6 million levels in
// a validator that has no bound. Each row is as large as a Lambda can carry.
func TestParseBoundsHostileBodies(t *testing.T) {
	t.Parallel()
	const size = 6 << 20
	for name, body := range map[string]string{
		"arrays":           strings.Repeat("[", size),
		"objects":          strings.Repeat(`{"a":`, size/5),
		"escaped quotes":   `{"a":"` + strings.Repeat(`\"`, size/2),
		"backslashes":      `{"a":"` + strings.Repeat(`\`, size),
		"quotes":           strings.Repeat(`"`, size),
		"top-level fields": "{" + strings.Repeat(`"a":1,`, size/6) + `"a":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := chat.Parse([]byte(body)); err == nil {
				t.Error("accepted, want a *ParamError")
			}
		})
	}
}

func TestParamError(t *testing.T) {
	t.Parallel()
	if got, want := (&chat.ParamError{Message: "broken"}).Error(), "broken"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&chat.ParamError{Param: "n", Message: "broken"}).Error(), "n: broken"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
