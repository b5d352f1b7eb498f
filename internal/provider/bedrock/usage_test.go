package bedrock

import (
	"bytes"
	"encoding/base64"
	"io"
	"testing"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestUsageOfLongCaches: what is written for an hour has a price of its own, and
// is told in each of Bedrock's four forms of an answer.
func TestUsageOfLongCaches(t *testing.T) {
	t.Parallel()
	const (
		converse = `{"inputTokens":5,"outputTokens":9,"cacheWriteInputTokens":30,"cacheDetails":[{"ttl":"1h","inputTokens":20},{"ttl":"5m","inputTokens":10}]}`
		messages = `{"input_tokens":5,"output_tokens":9,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}`
	)
	native, ok := anthropic.New(anthropic.Config{}).EncodeNative(provider.NativeRequest{API: provider.Messages, Body: []byte(`{}`)})
	if !ok {
		t.Fatal("no reader of messages")
	}
	chunk := func(event string) string {
		return `chunk {"bytes":"` + base64.StdEncoding.EncodeToString([]byte(event)) + `"}` + "\n"
	}
	byConverse := conversed{messages: native.Answer, newID: func() string { return "ID" }}
	byInvoke := invoked{native.Answer}
	for name, tt := range map[string]struct {
		answer        provider.Answer
		whole, stream string
	}{
		"converse": {byConverse, `{"output":{"message":{"content":[]}},"stopReason":"end_turn","usage":` + converse + `}`,
			`messageStart {"role":"assistant"}` + "\n" + `messageStop {"stopReason":"end_turn"}` + "\n" + `metadata {"usage":` + converse + `}` + "\n"},
		"invoke": {byInvoke, `{"type":"message","content":[],"usage":` + messages + `}`,
			chunk(`{"type":"message_start","message":{"usage":`+messages+`}}`) + chunk(`{"type":"message_stop"}`)},
	} {
		want := upstream.Usage{InputTokens: 5, OutputTokens: 9, CacheWriteTokens: 30, CacheWriteHourTokens: 20, Exact: true}
		reply, err := tt.answer.Whole([]byte(tt.whole))
		if err != nil || reply.Usage != want {
			t.Errorf("%s, whole: got %+v, %v; want %+v", name, reply.Usage, err, want)
		}
		s := tt.answer.Stream(bytes.NewReader(framesOf(t, tt.stream)))
		if _, err := readAll(s); err != io.EOF || s.Usage() != want {
			t.Errorf("%s, streamed: got %+v, %v; want %+v", name, s.Usage(), err, want)
		}
	}
}

// TestLongAnswersStayInOnePiece: the anthropic dialect asks for long answers as
// events. Bedrock has an operation of its own for those, and a form that is not
// collected, so nothing of it may be left in the body.
func TestLongAnswersStayInOnePiece(t *testing.T) {
	t.Parallel()
	body := []byte(`{"model":"m","max_tokens":64000,"messages":[{"role":"user","content":"x"}]}`)
	for _, model := range []string{"us.anthropic.claude-opus-4-6-v1", "amazon.nova-pro-v1:0"} {
		call, ok := newTestDialect().EncodeNative(provider.NativeRequest{API: provider.Messages, Body: body, Model: model})
		if !ok {
			t.Fatalf("%s: no call", model)
		}
		if call.Stream || bytes.Contains(call.Body, []byte(`"stream"`)) || len(call.Dropped) > 0 {
			t.Errorf("%s: got %s, stream %t, dropped %v", model, call.Body, call.Stream, call.Dropped)
		}
	}
}
