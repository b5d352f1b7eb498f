package bedrock

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// invoke is the format of Claude models: a Messages body with small changes.
type invoke struct{}

var _ form = invoke{}

// messages implements form.
func (invoke) messages(body []byte, model string, stream bool) ([]byte, http.Header, *exception) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, nil, invalid("Malformed input request, please reformat your input and try again.")
	}
	if string(doc["anthropic_version"]) != `"bedrock-2023-05-31"` {
		return nil, nil, invalid("anthropic_version: Input should be 'bedrock-2023-05-31'")
	}
	for _, name := range []string{"model", "stream", "service_tier", "inference_geo"} {
		if _, has := doc[name]; has {
			return nil, nil, invalid("Malformed input request: #: extraneous key [" + name + "] is not permitted, please reformat your input and try again.")
		}
	}
	h := http.Header{}
	for _, beta := range gjson.GetBytes(body, "anthropic_beta").Array() {
		if strings.HasPrefix(beta.Str, "claude-code-") || strings.HasPrefix(beta.Str, "oauth-") {
			return nil, nil, invalid("The model returned the following errors: invalid beta flag")
		}
		h.Add("Anthropic-Beta", beta.Str)
	}
	delete(doc, "anthropic_version")
	delete(doc, "anthropic_beta")
	doc["model"] = encode(model)
	doc["stream"] = encode(stream)
	return encode(doc), h, nil
}

// whole implements form.
func (invoke) whole(message []byte) []byte { return message }

// frames implements form: every event is packed as it is, the last one with
// figures of Bedrock's own.
func (invoke) frames(s *stream, kind string, event []byte) {
	if kind == "message_stop" {
		event = []byte(`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":1,"invocationLatency":1,"firstByteLatency":1}}`)
	}
	s.frame("chunk", map[string]any{"bytes": event})
}
