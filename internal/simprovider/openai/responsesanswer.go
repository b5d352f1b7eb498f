package openai

import (
	"fmt"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

type response struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	CreatedAt         int64             `json:"created_at"`
	Status            string            `json:"status"`
	Error             *responseError    `json:"error"`
	Incomplete        *incomplete       `json:"incomplete_details"`
	Instructions      *string           `json:"instructions"`
	Model             string            `json:"model"`
	Output            []item            `json:"output"`
	ParallelToolCalls bool              `json:"parallel_tool_calls"`
	Metadata          map[string]string `json:"metadata"`
	ToolChoice        string            `json:"tool_choice"`
	Tools             []string          `json:"tools"`
	Temperature       float64           `json:"temperature"`
	TopP              float64           `json:"top_p"`
	Usage             *responseUsage    `json:"usage"`
}

type responseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incomplete struct {
	Reason string `json:"reason"`
}

// item is any item of an output; the pointers are fields of some kinds only.
type item struct {
	ID        string  `json:"id"`
	Type      string  `json:"type"`
	Status    string  `json:"status,omitempty"`
	Role      string  `json:"role,omitempty"`
	Content   *[]part `json:"content,omitempty"`
	CallID    string  `json:"call_id,omitempty"`
	Name      string  `json:"name,omitempty"`
	Arguments *string `json:"arguments,omitempty"`
	Summary   *[]part `json:"summary,omitempty"`
	Encrypted string  `json:"encrypted_content,omitempty"`
}

type part struct {
	Type        string    `json:"type"`
	Text        string    `json:"text"`
	Annotations *[]string `json:"annotations,omitempty"`
}

type responseUsage struct {
	Input        int `json:"input_tokens"`
	InputDetails struct {
		Cached int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	Output        int `json:"output_tokens"`
	OutputDetails struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	Total int `json:"total_tokens"`
}

// Whole is the body of a response that is not streamed.
func (Responses) Whole(c *dialogue.Call, a *dialogue.Answer) []byte {
	return marshal(completed(c, a))
}

func opened(c *dialogue.Call) response {
	return response{ID: "resp_" + c.MessageID, Object: "response", CreatedAt: c.Created.Unix(), Status: "in_progress", Model: c.Model,
		Output: []item{}, ParallelToolCalls: true, Metadata: map[string]string{}, ToolChoice: "auto", Tools: []string{}, Temperature: 1, TopP: 1}
}

func completed(c *dialogue.Call, a *dialogue.Answer) response {
	r := opened(c)
	r.Status = "completed"
	if a.Stop == dialogue.MaxTokens {
		r.Status, r.Incomplete = "incomplete", &incomplete{"max_output_tokens"}
	}
	for i, b := range a.Blocks {
		r.Output = append(r.Output, itemOf(c, i, b))
	}
	u := &responseUsage{Input: a.Usage.Prompt(), Output: a.Usage.Output, Total: a.Usage.Prompt() + a.Usage.Output}
	u.InputDetails.Cached, u.OutputDetails.Reasoning = a.Usage.CacheRead, a.Usage.Thinking
	r.Usage = u
	return r
}

// itemOf is block i as a complete item.
func itemOf(c *dialogue.Call, i int, b dialogue.Block) item {
	switch b.Kind {
	case dialogue.Thinking:
		summary := []part{}
		if text := b.Joined(); text != "" {
			summary = append(summary, part{Type: "summary_text", Text: text})
		}
		it := item{ID: itemID("rs", c, i), Type: "reasoning", Summary: &summary}
		if c.Encrypted {
			it.Encrypted = b.Signature
		}
		return it
	case dialogue.ToolCall:
		args := arguments(b)
		return item{ID: itemID("fc", c, i), Type: "function_call", Status: "completed", CallID: "call_" + b.ID, Name: b.Name, Arguments: &args}
	default:
		content := []part{{Type: "output_text", Text: b.Joined(), Annotations: &[]string{}}}
		return item{ID: itemID("msg", c, i), Type: "message", Status: "completed", Role: "assistant", Content: &content}
	}
}

func itemID(prefix string, c *dialogue.Call, i int) string {
	return fmt.Sprintf("%s_%s%02d", prefix, c.MessageID, i)
}
