package responses

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

// TestContentInParts: Mistral's thinking models answer with a list of parts, in
// which thoughts stand beside the text, whole and in the deltas of a stream.
func TestContentInParts(t *testing.T) {
	t.Parallel()
	const (
		thoughts = `{"type":"thinking","thinking":[{"type":"text","text":"Let me "},{"type":"reference","reference_ids":[1]},{"type":"text","text":"see.\u00e9"}],"closed":true}`
		texts    = `{"type":"text","text":"4"},{"type":"reference","reference_ids":[2]},{"type":"text","text":"2"}`
		head     = `{"id":"1","choices":[{"index":0,`
	)
	call := encode(t, `{"model":"m","input":"x"}`)
	reply, err := call.Answer.Whole([]byte(head + `"message":{"content":[` + thoughts + `,` + texts + `]},"finish_reason":"stop"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	events, _ := drain(call.Answer.Stream(bytes.NewReader(sseOf(
		head+`"delta":{"content":[`+thoughts+`]}}]}`, head+`"delta":{"content":[{"type":"text","text":"4"}]}}]}`,
		head+`"delta":{"content":"2"},"finish_reason":"stop"}]}`))))
	for form, object := range map[string]gjson.Result{"whole": gjson.ParseBytes(reply.Body), "streamed": events[len(events)-1].data.Get("response")} {
		got := []string{
			object.Get("output.0.type").Str, object.Get("output.0.content.0.text").Str,
			object.Get("output.1.type").Str, object.Get("output.1.content.0.text").Str, object.Get("output.#").Raw,
			opened(t, object.Get("output.0.encrypted_content").Raw),
		}
		want := []string{"reasoning", "Let me see.é", "message", "42", "2", `[{"type":"thinking","text":"Let me see.\u00e9"}]`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
		back := encode(t, `{"model":"m","input":[{"role":"user","content":"x"},`+object.Get("output.0").Raw+`,{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"y"}]}`)
		if got := gjson.GetBytes(back.Body, "messages.1"); got.Get("reasoning_content").Exists() || !got.Get("tool_calls").Exists() {
			t.Errorf("%s: given back as %s, want the call without a thought that the server refuses", form, got.Raw)
		}
	}
}
