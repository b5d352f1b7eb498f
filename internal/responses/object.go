package responses

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// ending is what of a response object depends on how far it has come.
type ending struct {
	status  string
	reason  string // why it is incomplete; empty if it is not
	failure string // the error as JSON; empty if there is none
	usage   upstream.Usage
	// opening leaves out instructions and tools: sent back with each of the three
	// events that hold the response they would make up most of what a client of an
	// agent's size receives.
	opening bool
}

// echoed are the fields in which OpenAI repeats the request as it was, with what
// they are when the client left them open.
var echoed = [...]struct{ field, otherwise string }{
	{"max_output_tokens", "null"}, {"max_tool_calls", "null"}, {"metadata", "{}"}, {"parallel_tool_calls", "true"},
	{"prompt_cache_key", "null"}, {"safety_identifier", "null"}, {"temperature", "null"},
	{"tool_choice", `"auto"`}, {"top_logprobs", "0"}, {"top_p", "null"}, {"user", "null"},
}

// object is the response, with all fields that OpenAI's specification requires.
func (r *response) object(e ending) []byte {
	failure, incomplete := "null", "null"
	if e.failure != "" {
		failure = e.failure
	}
	if e.reason != "" {
		incomplete = `{"reason":"` + e.reason + `"}`
	}
	b := add(make([]byte, 0, 1<<10), r.head,
		`,"status":"`, e.status, `","error":`, failure, `,"incomplete_details":`, incomplete,
		`,"background":false,"store":false,"previous_response_id":null,"access_programs":null,"truncation":"disabled"`)
	b = add(r.appendRequest(b, e.opening), `,"output":[`)
	for _, i := range r.items {
		if object := i.object(); object != nil {
			b = append(next(b), object...)
		}
	}
	return append(appendUsage(append(b, `],"usage":`...), e.usage), '}')
}

// appendRequest writes what is repeated of the request.
func (r *response) appendRequest(dst []byte, opening bool) []byte {
	instructions, tools := "null", "[]"
	if !opening {
		instructions, tools = echo(r.req.Get("instructions"), "null"), echo(r.req.Get("tools"), "[]")
	}
	tier := r.tier
	if tier == "" {
		tier = echo(r.req.Get("service_tier"), "null")
	}
	thinking, text := r.req.Get("reasoning"), r.req.Get("text")
	dst = add(dst, `,"instructions":`, instructions, `,"tools":`, tools, `,"service_tier":`, tier,
		`,"reasoning":{"effort":`, echo(thinking.Get("effort"), "null"),
		`,"summary":`, echo(thinking.Get("summary"), "null"),
		`},"text":{"format":`, echo(text.Get("format"), `{"type":"text"}`),
		`,"verbosity":`, echo(text.Get("verbosity"), `"medium"`), "}")
	for _, f := range echoed {
		dst = add(dst, `,"`, f.field, `":`, echo(r.req.Get(f.field), f.otherwise))
	}
	return dst
}

// echo is a value of the request without line breaks, which it has if it was
// written by hand: in an event they would make several lines of data, and not all
// clients join them.
func echo(v gjson.Result, otherwise string) string {
	raw := rawOr(v, otherwise)
	if !strings.ContainsAny(raw, "\r\n") {
		return raw
	}
	var b bytes.Buffer
	_ = json.Compact(&b, []byte(raw)) // the request has been parsed
	return b.String()
}

// appendUsage writes the usage, or null when the provider did not tell it. OpenAI
// counts what the cache knew as input, too.
func appendUsage(dst []byte, u upstream.Usage) []byte {
	if !u.Exact {
		return append(dst, "null"...)
	}
	input := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	return add(dst, `{"input_tokens":`, count(input),
		`,"input_tokens_details":{"cached_tokens":`, count(u.CacheReadTokens),
		`,"cache_write_tokens":`, count(u.CacheWriteTokens),
		`},"output_tokens":`, count(u.OutputTokens),
		`,"output_tokens_details":{"reasoning_tokens":`, count(u.ReasoningTokens),
		`},"total_tokens":`, count(input+u.OutputTokens), "}")
}
