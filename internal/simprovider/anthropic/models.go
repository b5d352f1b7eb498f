package anthropic

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
)

type model struct {
	Type           string         `json:"type"`
	ID             string         `json:"id"`
	DisplayName    string         `json:"display_name"`
	CreatedAt      string         `json:"created_at"`
	MaxInputTokens int            `json:"max_input_tokens"`
	MaxTokens      int            `json:"max_tokens"`
	Lifecycle      string         `json:"lifecycle"`
	DeprecatedAt   *string        `json:"deprecated_at"`
	RetiresAt      *string        `json:"retires_at"`
	Line           *string        `json:"line"`
	Capabilities   map[string]any `json:"capabilities"`
}

type modelPage struct {
	Data    []model `json:"data"`
	HasMore bool    `json:"has_more"`
	FirstID *string `json:"first_id"`
	LastID  *string `json:"last_id"`
}

// List is the body of GET /v1/models, with its limit and after_id.
func (d Dialect) List(query url.Values) []byte {
	var all []model
	for _, m := range d.Models.Models() {
		if m.Owner == "anthropic" {
			all = append(all, entry(m))
		}
	}
	if after := query.Get("after_id"); after != "" {
		all = all[slices.IndexFunc(all, func(m model) bool { return m.ID == after })+1:]
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 20
	}
	page := modelPage{Data: all[:min(limit, len(all)):len(all)], HasMore: limit < len(all)}
	if n := len(page.Data); n > 0 {
		page.FirstID, page.LastID = &page.Data[0].ID, &page.Data[n-1].ID
	} else {
		page.Data = []model{}
	}
	return marshal(page)
}

// One is the body of GET /v1/models/{id}; ok is false when there is no such model.
func (d Dialect) One(id string) (body []byte, ok bool) {
	m, ok := d.Models.Find(id)
	if !ok || m.Owner != "anthropic" {
		return nil, false
	}
	return marshal(entry(m)), true
}

func entry(m catalogue.Model) model {
	yes, no := map[string]bool{"supported": true}, map[string]bool{"supported": false}
	effort := each(m.Effort, "low", "medium", "high", "xhigh", "max")
	effort["supported"] = len(m.Effort) > 0
	return model{
		Type: "model", ID: m.ID, DisplayName: m.Name, CreatedAt: m.Created.Format(time.RFC3339),
		MaxInputTokens: m.MaxInput, MaxTokens: m.MaxOutput, Lifecycle: "active", Line: line(m.ID),
		Capabilities: map[string]any{
			"batch": yes, "citations": yes, "image_input": yes, "pdf_input": yes, "structured_outputs": yes,
			"code_execution": no,
			"context_management": map[string]any{
				"supported": false, "clear_thinking_20251015": no, "clear_tool_uses_20250919": no, "compact_20260112": no,
			},
			"server_tools": map[string]any{"supported": false, "code_execution": no, "web_search": no},
			"effort":       effort,
			"thinking": map[string]any{
				"supported": len(m.Thinking) > 0,
				"types":     each(m.Thinking, "adaptive", "between_tools", "disabled", "enabled"),
			},
		},
	}
}

// line is the model line that a name of the form claude-<line>-… belongs to.
func line(id string) *string {
	for _, l := range []string{"haiku", "sonnet", "opus", "fable", "mythos"} {
		if strings.HasPrefix(id, "claude-"+l) {
			return &l
		}
	}
	return nil
}

// each says of every value whether it is among the accepted ones.
func each(accepted []string, all ...string) map[string]any {
	out := map[string]any{}
	for _, value := range all {
		out[value] = map[string]bool{"supported": slices.Contains(accepted, value)}
	}
	return out
}
