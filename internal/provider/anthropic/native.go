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
// body keeps its bytes but for the model: a prompt cache and the signatures of
// thinking depend on them. The client's version goes with it, since a body and
// its version belong together, and so do its betas. Of its query nothing does:
// "?beta=true" is an SDK's word for what anthropic-beta says.
func (d *Dialect) EncodeNative(r provider.NativeRequest) (*provider.Call, bool) {
	call := &provider.Call{
		Method: http.MethodPost,
		Header: nativeHeader(r.Header),
		Body:   withModel(r.Body, r.Model),
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

// withModel returns body with the value of the top-level field "model"
// replaced. If it is there more than once, all are: readers differ in which one
// they take. A body that is no object is left for the provider to refuse.
func withModel(body []byte, model string) []byte {
	// gjson wants a string; a copy of a large body is what we can spare.
	doc := gjson.Parse(unsafe.String(unsafe.SliceData(body), len(body)))
	if !doc.IsObject() {
		return body
	}
	quoted := gjson.AppendJSONString(nil, model)
	out, done := make([]byte, 0, len(body)+len(quoted)), 0
	doc.ForEach(func(name, v gjson.Result) bool {
		if name.Str == "model" && v.Index > 0 {
			out = append(append(out, body[done:v.Index]...), quoted...)
			done = v.Index + len(v.Raw)
		}
		return true
	})
	return append(out, body[done:]...)
}
