package openai

import (
	"encoding/json"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// fingerprint stands for the version of the back end.
const fingerprint = "fp_simulated"

type completion struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Created     int64    `json:"created"`
	Model       string   `json:"model"`
	Choices     []choice `json:"choices"`
	Usage       *usage   `json:"usage"`
	ServiceTier string   `json:"service_tier"`
	Fingerprint string   `json:"system_fingerprint"`
}

type choice struct {
	Index        int     `json:"index"`
	Message      message `json:"message"`
	Logprobs     *string `json:"logprobs"`
	FinishReason string  `json:"finish_reason"`
}

type message struct {
	Role        string     `json:"role"`
	Content     *string    `json:"content"`
	Refusal     *string    `json:"refusal"`
	ToolCalls   []toolCall `json:"tool_calls,omitempty"`
	Annotations []string   `json:"annotations"`
}

type toolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function functionCall `json:"function"`
}

type functionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type usage struct {
	Prompt            int               `json:"prompt_tokens"`
	Completion        int               `json:"completion_tokens"`
	Total             int               `json:"total_tokens"`
	PromptDetails     promptDetails     `json:"prompt_tokens_details"`
	CompletionDetails completionDetails `json:"completion_tokens_details"`
}

type promptDetails struct {
	Cached int `json:"cached_tokens"`
	Audio  int `json:"audio_tokens"`
}

type completionDetails struct {
	Reasoning          int `json:"reasoning_tokens"`
	Audio              int `json:"audio_tokens"`
	AcceptedPrediction int `json:"accepted_prediction_tokens"`
	RejectedPrediction int `json:"rejected_prediction_tokens"`
}

// Whole is the body of an answer that is not streamed.
func (Dialect) Whole(c *dialogue.Call, a *dialogue.Answer) []byte {
	m := message{Role: "assistant", Annotations: []string{}}
	var text strings.Builder
	for _, b := range a.Blocks {
		switch b.Kind {
		case dialogue.Text:
			text.WriteString(b.Joined())
			content := text.String()
			m.Content = &content
		case dialogue.ToolCall:
			m.ToolCalls = append(m.ToolCalls, toolCall{"call_" + b.ID, "function", functionCall{b.Name, arguments(b)}})
		}
	}
	if m.Content == nil && m.ToolCalls == nil {
		m.Content = new(string)
	}
	return marshal(completion{
		ID: "chatcmpl-" + c.MessageID, Object: "chat.completion", Created: c.Created.Unix(), Model: c.Model,
		Choices: []choice{{Message: m, FinishReason: finish(a.Stop)}}, Usage: total(a.Usage),
		ServiceTier: "default", Fingerprint: fingerprint,
	})
}

// arguments are never empty: a call without any has "{}".
func arguments(b dialogue.Block) string {
	if len(b.Pieces) == 0 {
		return "{}"
	}
	return b.Joined()
}

func finish(s dialogue.Stop) string {
	switch s {
	case dialogue.MaxTokens:
		return "length"
	case dialogue.ToolUse:
		return "tool_calls"
	default:
		return "stop"
	}
}

func total(u dialogue.Usage) *usage {
	return &usage{
		Prompt: u.Prompt(), Completion: u.Output, Total: u.Prompt() + u.Output,
		PromptDetails: promptDetails{Cached: u.CacheRead}, CompletionDetails: completionDetails{Reasoning: u.Thinking},
	}
}

// marshal is for values of this package, which always marshal.
func marshal(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("openai: " + err.Error())
	}
	return out
}
