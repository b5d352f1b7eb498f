package bedrock

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

// converse is the format of all models.
type converse struct{}

var _ form = converse{}

type object = map[string]any

// known are the fields of a request. (AWS docs, Bedrock API reference, Converse.)
var known = map[string]bool{
	"system": true, "messages": true, "inferenceConfig": true, "toolConfig": true, "outputConfig": true,
	"additionalModelRequestFields": true, "serviceTier": true, "guardrailConfig": true,
	"performanceConfig": true, "requestMetadata": true,
}

// messages implements form.
func (converse) messages(body []byte, model string, stream bool) ([]byte, http.Header, *exception) {
	if !json.Valid(body) {
		return nil, nil, invalid("Malformed input request, please reformat your input and try again.")
	}
	doc := gjson.ParseBytes(body)
	r := &reading{tools: doc.Get("toolConfig.tools").Array()}
	r.fields(doc)
	out := object{
		"model": model, "stream": stream, "max_tokens": 4096,
		"messages": r.messages(doc.Get("messages")),
	}
	if doc.Get("system").Exists() {
		out["system"] = r.blocks(doc.Get("system"))
	}
	r.inference(out, doc.Get("inferenceConfig"))
	r.toolConfig(out, doc.Get("toolConfig"))
	if schema := doc.Get("outputConfig.textFormat.structure.jsonSchema.schema").Str; schema != "" {
		out["output_config"] = object{"format": object{"type": "json_schema", "schema": json.RawMessage(schema)}}
	}
	if r.bad != nil {
		return nil, nil, r.bad
	}
	return encode(out), http.Header{}, nil
}

// whole implements form.
func (converse) whole(message []byte) []byte {
	doc := gjson.ParseBytes(message)
	content := []any{}
	for _, b := range doc.Get("content").Array() {
		content = append(content, block(b))
	}
	return encode(object{
		"output":     object{"message": object{"role": "assistant", "content": content}},
		"stopReason": stopReason(doc.Get("stop_reason").Str),
		"usage":      usage(doc.Get("usage")),
		"metrics":    object{"latencyMs": 1},
	})
}

// block is Converse's form of a block of an answer.
func block(b gjson.Result) object {
	switch b.Get("type").Str {
	case "tool_use":
		return object{"toolUse": object{
			"toolUseId": b.Get("id").Str, "name": b.Get("name").Str, "input": json.RawMessage(b.Get("input").Raw),
		}}
	case "thinking":
		return object{"reasoningContent": object{"reasoningText": object{
			"text": b.Get("thinking").Str, "signature": b.Get("signature").Str,
		}}}
	default:
		return object{"text": b.Get("text").Str}
	}
}

func stopReason(reason string) string {
	if reason == "refusal" {
		return "content_filtered"
	}
	return reason
}

func usage(u gjson.Result) object {
	in, out := u.Get("input_tokens").Int(), u.Get("output_tokens").Int()
	read, write := u.Get("cache_read_input_tokens").Int(), u.Get("cache_creation_input_tokens").Int()
	return object{
		"inputTokens": in, "outputTokens": out, "totalTokens": in + out + read + write,
		"cacheReadInputTokens": read, "cacheWriteInputTokens": write,
	}
}

// frames implements form.
func (converse) frames(s *stream, kind string, event []byte) {
	doc := gjson.ParseBytes(event)
	index := doc.Get("index").Int()
	switch kind {
	case "message_start":
		s.usage = doc.Get("message.usage")
		s.frame("messageStart", object{"role": "assistant"})
	case "content_block_start": // only calls are announced
		if b := doc.Get("content_block"); b.Get("type").Str == "tool_use" {
			s.frame("contentBlockStart", object{"contentBlockIndex": index,
				"start": object{"toolUse": object{"toolUseId": b.Get("id").Str, "name": b.Get("name").Str}}})
		}
	case "content_block_delta":
		s.frame("contentBlockDelta", object{"contentBlockIndex": index, "delta": delta(doc.Get("delta"))})
	case "content_block_stop":
		s.frame("contentBlockStop", object{"contentBlockIndex": index})
	case "message_delta":
		s.frame("messageStop", object{"stopReason": stopReason(doc.Get("delta.stop_reason").Str)})
		s.end(doc.Get("usage"))
	}
}

// end writes what the answer took. The input is told at the start, the output at
// the end.
func (s *stream) end(u gjson.Result) {
	total := usage(s.usage)
	if out := u.Get("output_tokens"); out.Exists() {
		total["outputTokens"] = out.Int()
	}
	s.frame("metadata", object{"usage": total, "metrics": object{"latencyMs": 1}})
}

func delta(d gjson.Result) object {
	switch d.Get("type").Str {
	case "input_json_delta":
		return object{"toolUse": object{"input": d.Get("partial_json").Str}}
	case "thinking_delta":
		return object{"reasoningContent": object{"text": d.Get("thinking").Str}}
	case "signature_delta":
		return object{"reasoningContent": object{"signature": d.Get("signature").Str}}
	default:
		return object{"text": d.Get("text").Str}
	}
}
