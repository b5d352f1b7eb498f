package gateway

import (
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// openAIModel is a model as OpenAI describes it.
type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func openAIModelOf(m provider.Model) openAIModel {
	return openAIModel{m.ID, "model", max(0, m.Created.Unix()), m.Owner} // unknown is long before 1970
}

// openAIModels is a list of models as OpenAI gives it.
func openAIModels(models []provider.Model) any {
	data := []openAIModel{}
	for _, m := range models {
		data = append(data, openAIModelOf(m))
	}
	return map[string]any{"object": "list", "data": data}
}

// anthropicModel is a model as Anthropic describes it.
type anthropicModel struct {
	Type        string    `json:"type"`
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name"`
	CreatedAt   time.Time `json:"created_at"`
}

func anthropicModelOf(m provider.Model) anthropicModel {
	created := m.Created.UTC()
	if m.Created.IsZero() {
		created = time.Unix(0, 0).UTC()
	}
	return anthropicModel{"model", m.ID, m.ID, created}
}

// anthropicModels is a list of models as Anthropic gives it, on one page: Claude
// Code reads no second one.
func anthropicModels(models []provider.Model) any {
	data := []anthropicModel{}
	var first, last *string
	for i, m := range models {
		data = append(data, anthropicModelOf(m))
		if i == 0 {
			first = &m.ID
		}
		last = &m.ID
	}
	return map[string]any{"data": data, "has_more": false, "first_id": first, "last_id": last}
}
