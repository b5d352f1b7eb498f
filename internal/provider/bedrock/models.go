package bedrock

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/fallow-dev/fallow/internal/provider"
)

// ModelsCall lists foundation models. The runtime endpoint has no such list; it
// is the control plane's, and answers where a base_url leads to both. Elsewhere
// it is refused, and the routes of the configuration are what is listed.
func (*Dialect) ModelsCall() *provider.Call {
	return &provider.Call{Method: http.MethodGet, Path: "/foundation-models", Header: http.Header{"Accept": {"application/json"}}}
}

// ParseModels reads the list of ListFoundationModels. Entries without an id are
// passed over. (AWS docs, Bedrock API reference, ListFoundationModels.)
func (*Dialect) ParseModels(body []byte) ([]provider.Model, error) {
	var list struct {
		Summaries *[]struct {
			ID string `json:"modelId"`
		} `json:"modelSummaries"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("model list: %w", err)
	}
	if list.Summaries == nil {
		return nil, errors.New("model list: no \"modelSummaries\" in the answer")
	}
	models := make([]provider.Model, 0, len(*list.Summaries))
	for _, m := range *list.Summaries {
		if m.ID != "" {
			models = append(models, provider.Model{ID: m.ID, Owner: makerOf(m.ID)})
		}
	}
	return models, nil
}
