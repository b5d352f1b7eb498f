package anthropic

import (
	"net/http"
	"slices"
	"unsafe"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/tidwall/gjson"
)

const (
	messagesPath    = "/v1/messages"
	countTokensPath = "/v1/messages/count_tokens"
)

var _ provider.Native = (*Dialect)(nil)

// EncodeNative passes on a request of the Messages API or of count_tokens. The
// body keeps its bytes but for the model, and for "stream" where the answer may
// be long: a prompt cache and the signatures of thinking depend on them. The client's version goes with it, since a body and
// its version belong together, and so do its betas. Of its query nothing does:
// "?beta=true" is an SDK's word for what anthropic-beta says.
func (d *Dialect) EncodeNative(r provider.NativeRequest) (*provider.Call, bool) {
	call := &provider.Call{
		Method: http.MethodPost,
		Header: nativeHeader(r.Header),
		Body:   nativeBody(r),
		Stream: r.Stream,
	}
	switch r.API {
	case provider.Messages:
		call.Path, call.Answer = messagesPath, &nativeAnswer{now: d.now}
	case provider.CountTokens:
		call.Path, call.Answer, call.Stream = countTokensPath, &countAnswer{now: d.now}, false
	default:
		return nil, false
	}
	return call, true
}

// notForwarded are headers with Anthropic's prefix that are no business of the
// client's: those that name an account belong to the credential, and the last
// one speaks to a browser.
var notForwarded = map[string]bool{
	"Anthropic-Workspace-Id":                    true,
	"Anthropic-Organization-Id":                 true,
	"Anthropic-Dangerous-Direct-Browser-Access": true,
}

// nativeHeader copies the headers that belong to Anthropic's API. They are told
// by their prefix, not by a list, since new betas bring new ones. (Claude Code
// docs, llm-gateway-protocol.)
func nativeHeader(client http.Header) http.Header {
	const prefix = "Anthropic-"
	h := http.Header{"Content-Type": {"application/json"}}
	for name, values := range client {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix && !notForwarded[name] {
			h[name] = slices.Clone(values)
		}
	}
	if h.Get("Anthropic-Version") == "" {
		h.Set("Anthropic-Version", apiVersion)
	}
	return h
}

// nativeBody returns the client's body with the upstream model in it, and with
// "stream": true where the answer may be long, see collect.go. If a field is
// there more than once, all are replaced: readers differ in which one they take.
// A body that is no object is left for the provider to refuse.
func nativeBody(r provider.NativeRequest) []byte {
	body := r.Body
	// gjson wants a string; a copy of a large body is what we can spare.
	doc := gjson.Parse(unsafe.String(unsafe.SliceData(body), len(body)))
	if !doc.IsObject() {
		return body
	}
	var found nativeFields
	doc.ForEach(found.note)
	model := gjson.AppendJSONString(nil, r.Model)
	long := r.API == provider.Messages && !r.Stream && found.length > maxUnstreamed
	out, done := make([]byte, 0, len(body)+len(model)+len(streamField)), 0
	for _, f := range found.edited {
		switch {
		case f.name == "model":
			out = append(append(out, body[done:f.start]...), model...)
		case long:
			out = append(append(out, body[done:f.start]...), "true"...)
		default:
			continue
		}
		done = f.end
	}
	if long && !found.stream {
		out = append(append(out, body[done:found.end]...), streamField...)
		done = found.end
	}
	return append(out, body[done:]...)
}

const streamField = `,"stream":true`

// nativeFields are those of a body that decide what becomes of it.
type nativeFields struct {
	edited []field // model and stream, in their order
	stream bool    // is among them
	length float64 // the most tokens that the answer may have
	end    int     // of the last field
}

// field is where the value of one stands in the body.
type field struct {
	name       string
	start, end int
}

func (f *nativeFields) note(name, v gjson.Result) bool {
	if v.Index == 0 {
		return true
	}
	f.end = v.Index + len(v.Raw)
	switch name.Str {
	case "model", "stream":
		f.edited = append(f.edited, field{name.Str, v.Index, f.end})
		f.stream = f.stream || name.Str == "stream"
	case "max_tokens":
		f.length = max(f.length, v.Num)
	case "thinking":
		f.length = max(f.length, v.Get("budget_tokens").Num)
	}
	return true
}
