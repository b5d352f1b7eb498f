package anthropic

import (
	"encoding/json"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// message is the Messages API's answer, in the order of its fields.
type message struct {
	Model        string   `json:"model"`
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	Role         string   `json:"role"`
	Content      []block  `json:"content"`
	StopReason   *string  `json:"stop_reason"`
	StopSequence *string  `json:"stop_sequence"`
	StopDetails  *refusal `json:"stop_details"`
	Usage        usage    `json:"usage"`
	Container    *string  `json:"container"`
	Diagnostics  *string  `json:"diagnostics"`
}

// refusal says why the safety system declined.
type refusal struct {
	Type        string `json:"type"`
	Category    string `json:"category"`
	Explanation string `json:"explanation"`
}

type block struct {
	Type      string          `json:"type"`
	Text      *string         `json:"text,omitempty"`
	Citations []citation      `json:"citations,omitempty"`
	Thinking  *string         `json:"thinking,omitempty"`
	Signature *string         `json:"signature,omitempty"`
	Data      string          `json:"data,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   []page          `json:"content,omitempty"`
}

// usage is cumulative; deltaUsage is the part of it that message_delta repeats.
type usage struct {
	deltaUsage
	CacheCreation cacheCreation `json:"cache_creation"`
	ServiceTier   string        `json:"service_tier"`
	InferenceGeo  string        `json:"inference_geo"`
	Speed         string        `json:"speed"`
}

type deltaUsage struct {
	InputTokens         int           `json:"input_tokens"`
	CacheCreationTokens int           `json:"cache_creation_input_tokens"`
	CacheReadTokens     int           `json:"cache_read_input_tokens"`
	OutputTokens        int           `json:"output_tokens"`
	OutputDetails       outputDetails `json:"output_tokens_details"`
	ServerToolUse       *serverUse    `json:"server_tool_use"`
}

type cacheCreation struct {
	FiveMinutes int `json:"ephemeral_5m_input_tokens"`
	OneHour     int `json:"ephemeral_1h_input_tokens"`
}

type serverUse struct {
	WebSearches int `json:"web_search_requests"`
	WebFetches  int `json:"web_fetch_requests"`
}

type outputDetails struct {
	ThinkingTokens int `json:"thinking_tokens"`
}

// Whole is the body of an answer that is not streamed.
func (Dialect) Whole(c *dialogue.Call, a *dialogue.Answer) []byte {
	m := envelope(c, a.Usage)
	for _, b := range a.Blocks {
		m.Content = append(m.Content, whole(b))
	}
	end := stop(a)
	m.StopReason, m.StopSequence, m.StopDetails = end.Reason, end.Sequence, end.Details
	m.Usage = total(a.Usage)
	return marshal(m)
}

// envelope is the message before it has any content: what a stream begins
// with. One output token is counted by then.
func envelope(c *dialogue.Call, u dialogue.Usage) message {
	begun := total(u)
	begun.OutputTokens, begun.OutputDetails = min(1, u.Output), outputDetails{}
	return message{Model: c.Model, ID: "msg_" + c.MessageID, Type: "message", Role: "assistant", Content: []block{}, Usage: begun}
}

func whole(b dialogue.Block) block {
	out := opened(b)
	text := b.Joined()
	switch b.Kind {
	case dialogue.Text:
		out.Text, out.Citations = &text, cited(b)
	case dialogue.Thinking:
		out.Thinking, out.Signature = &text, &b.Signature
	case dialogue.ToolCall, dialogue.ServerCall:
		if text != "" && !b.Cut {
			out.Input = json.RawMessage(text)
		}
	}
	return out
}

// opened is a block as content_block_start shows it.
func opened(b dialogue.Block) block {
	empty := ""
	switch b.Kind {
	case dialogue.Thinking:
		return block{Type: "thinking", Thinking: &empty, Signature: &empty}
	case dialogue.ToolCall:
		return block{Type: "tool_use", ID: "toolu_" + b.ID, Name: b.Name, Input: json.RawMessage("{}")}
	case dialogue.Redacted:
		return block{Type: "redacted_thinking", Data: b.Signature}
	case dialogue.ServerCall:
		return block{Type: "server_tool_use", ID: "srvtoolu_" + b.ID, Name: b.Name, Input: json.RawMessage("{}")}
	case dialogue.ServerResult:
		return block{Type: "web_search_tool_result", ToolUseID: "srvtoolu_" + b.ID, Content: found}
	default:
		return block{Type: "text", Text: &empty}
	}
}

// ending is how an answer ended, as message_delta shows it.
type ending struct {
	Reason   *string  `json:"stop_reason"`
	Sequence *string  `json:"stop_sequence"`
	Details  *refusal `json:"stop_details"`
}

func stop(a *dialogue.Answer) ending {
	word := map[dialogue.Stop]string{
		dialogue.EndTurn: "end_turn", dialogue.MaxTokens: "max_tokens",
		dialogue.StopSequence: "stop_sequence", dialogue.ToolUse: "tool_use",
		dialogue.Declined: "refusal", dialogue.PauseTurn: "pause_turn",
		dialogue.WindowEnd: "model_context_window_exceeded",
	}[a.Stop]
	e := ending{Reason: &word}
	switch a.Stop {
	case dialogue.StopSequence:
		e.Sequence = &a.StopSequence
	case dialogue.Declined:
		e.Details = &refusal{"refusal", "cyber", "The request was declined by the simulated safety system."}
	}
	return e
}

func total(u dialogue.Usage) usage {
	return usage{
		deltaUsage: deltaUsage{
			InputTokens: u.Input, CacheCreationTokens: u.CacheWrite5m + u.CacheWrite1h, CacheReadTokens: u.CacheRead,
			OutputTokens: u.Output, OutputDetails: outputDetails{u.Thinking}, ServerToolUse: hosted(u),
		},
		CacheCreation: cacheCreation{u.CacheWrite5m, u.CacheWrite1h},
		ServiceTier:   "standard", InferenceGeo: "not_available", Speed: "standard",
	}
}

func hosted(u dialogue.Usage) *serverUse {
	if u.Searches == 0 {
		return nil
	}
	return &serverUse{WebSearches: u.Searches}
}

// Count is the body of an answer to count_tokens.
func (Dialect) Count(tokens int) []byte {
	return marshal(map[string]int{"input_tokens": tokens})
}

// marshal is for values of this package, which always marshal.
func marshal(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("anthropic: " + err.Error())
	}
	return out
}
