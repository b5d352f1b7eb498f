package anthropic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// ModelsCall lists the models in one page; 1000 is the most that one page
// holds and far more than there are. (Anthropic docs, api/models-list.)
func (*Dialect) ModelsCall() *provider.Call {
	return &provider.Call{
		Method: http.MethodGet,
		Path:   "/v1/models?limit=1000",
		Header: http.Header{"Anthropic-Version": {apiVersion}},
	}
}

// ParseModels reads the list. Entries without an id are passed over; the
// error says that the body is not a list of models at all.
func (*Dialect) ParseModels(body []byte) ([]provider.Model, error) {
	var list struct {
		Data *[]struct {
			ID        string `json:"id"`
			CreatedAt string `json:"created_at"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("model list: %w", err)
	}
	if list.Data == nil {
		return nil, fmt.Errorf("model list: no \"data\" in the answer")
	}
	models := make([]provider.Model, 0, len(*list.Data))
	for _, m := range *list.Data {
		if m.ID == "" {
			continue
		}
		created, _ := time.Parse(time.RFC3339, m.CreatedAt) // zero means unknown
		models = append(models, provider.Model{ID: m.ID, Created: created, Owner: "anthropic"})
	}
	return models, nil
}
