package responses

import (
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// FailedEvent is the event to end a stream with after its Next has returned a
// fault. For a translated answer it is response.failed, with what of the output
// was complete; for any other, of which nothing is known, the API's error event,
// with the error object beside its fields on which OpenAI's SDKs raise.
//
// Codex acts upon the codes context_length_exceeded, insufficient_quota and, with
// "try again in 5s" in the message, rate_limit_exceeded; after others it tries
// again. The chunk is valid until the next call for the same stream.
func FailedEvent(s provider.Stream, code, message string) provider.Chunk {
	failure := `{"code":` + quote(code) + `,"message":` + quote(message)
	var e events
	if translated, ok := s.(*stream); ok {
		r := translated.response
		r.name(gjson.Result{})
		e.sequence = r.events.sequence
		e.write("response.failed", `,"response":`, string(r.object(ending{status: "failed", failure: failure + "}"})))
	} else {
		e.write("error", `,`, failure[1:], `,"param":null,"error":`, failure, `,"type":"api_error","param":null}`)
	}
	chunk, _ := e.next()
	return chunk
}
