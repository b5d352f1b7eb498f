package gateway

import (
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// openAIModels is a list of models as OpenAI gives it.
func openAIModels(models []provider.Model) any {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	data := []entry{}
	for _, m := range models {
		data = append(data, entry{m.ID, "model", max(0, m.Created.Unix()), m.Owner}) // unknown is long before 1970
	}
	return map[string]any{"object": "list", "data": data}
}

// anthropicModels is a list of models as Anthropic gives it, on one page: Claude
// Code reads no second one.
func anthropicModels(models []provider.Model) any {
	type entry struct {
		Type        string    `json:"type"`
		ID          string    `json:"id"`
		DisplayName string    `json:"display_name"`
		CreatedAt   time.Time `json:"created_at"`
	}
	data := []entry{}
	var first, last *string
	for i, m := range models {
		created := m.Created.UTC()
		if m.Created.IsZero() {
			created = time.Unix(0, 0).UTC()
		}
		data = append(data, entry{"model", m.ID, m.ID, created})
		if i == 0 {
			first = &m.ID
		}
		last = &m.ID
	}
	return map[string]any{"data": data, "has_more": false, "first_id": first, "last_id": last}
}
