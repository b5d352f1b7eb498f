package responses

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// withoutOurs is the client's body without the reasoning items that a translated
// answer has put into the conversation: a target of the same route that has the
// API itself refuses what it cannot decrypt. Usually there are none and the body
// is returned as it is.
func withoutOurs(req *Request) []byte {
	input := req.Get("input")
	if !input.IsArray() || !strings.Contains(input.Raw, thoughtsPrefix) {
		return req.Raw
	}
	body := bytes.Clone(req.Raw[:input.Index])
	body = append(body, '[')
	input.ForEach(func(_, item gjson.Result) bool {
		if !strings.HasPrefix(item.Get("encrypted_content").Str, thoughtsPrefix) {
			body = add(next(body), item.Raw)
		}
		return true
	})
	body = append(body, ']')
	return append(body, req.Raw[input.Index+len(input.Raw):]...)
}
