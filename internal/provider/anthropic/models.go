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

// listed is an entry of the list.
type listed struct {
	ID           string        `json:"id"`
	CreatedAt    string        `json:"created_at"`
	MaxInput     int64         `json:"max_input_tokens"`
	MaxOutput    int64         `json:"max_tokens"`
	Lifecycle    string        `json:"lifecycle"`
	Capabilities *capabilities `json:"capabilities"`
}

// capabilities are those of a listed model that decide how it is asked. Each
// says whether it is supported, and some which of its values are.
type capabilities struct {
	StructuredOutputs *support `json:"structured_outputs"`
	Effort            *struct {
		support
		Low, Medium, High, XHigh, Max support
	} `json:"effort"`
	Thinking *struct {
		support
		Types struct {
			Adaptive     support `json:"adaptive"`
			BetweenTools support `json:"between_tools"`
			Disabled     support `json:"disabled"`
			Enabled      support `json:"enabled"`
		} `json:"types"`
	} `json:"thinking"`
}

type support struct {
	Supported bool `json:"supported"`
}

// ParseModels reads the list. Entries without an id are passed over; the
// error says that the body is not a list of models at all.
func (*Dialect) ParseModels(body []byte) ([]provider.Model, error) {
	var list struct {
		Data *[]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("model list: %w", err)
	}
	if list.Data == nil {
		return nil, fmt.Errorf("model list: no \"data\" in the answer")
	}
	models := make([]provider.Model, 0, len(*list.Data))
	for _, raw := range *list.Data {
		if m, ok := readListed(raw); ok {
			models = append(models, m)
		}
	}
	return models, nil
}

// readListed reads one entry. A field of another type than expected leaves its
// zero value: one odd entry must not cost us the list.
func readListed(raw []byte) (provider.Model, bool) {
	var l listed
	_ = json.Unmarshal(raw, &l) // what could be read is kept
	if l.ID == "" {
		return provider.Model{}, false
	}
	created, _ := time.Parse(time.RFC3339, l.CreatedAt) // zero means unknown
	return provider.Model{ID: l.ID, Created: created, Owner: "anthropic", Capabilities: l.known()}, true
}

// known is what the entry says beside its name; nil when it is the older form
// of the list, which says nothing.
func (l listed) known() *provider.Capabilities {
	c := provider.Capabilities{MaxInput: l.MaxInput, MaxOutput: l.MaxOutput, Lifecycle: l.Lifecycle}
	if l.Capabilities == nil {
		if c.MaxInput == 0 && c.MaxOutput == 0 && c.Lifecycle == "" {
			return nil
		}
		return &c
	}
	if s := l.Capabilities.StructuredOutputs; s != nil {
		c.StructuredOutputs = &s.Supported
	}
	if e := l.Capabilities.Effort; e != nil {
		c.Efforts = supported([]string{"low", "medium", "high", "xhigh", "max"}, e.Low, e.Medium, e.High, e.XHigh, e.Max)
	}
	if t := l.Capabilities.Thinking; t != nil {
		c.Thinking = supported([]string{"adaptive", "between_tools", "disabled", "enabled"},
			t.Types.Adaptive, t.Types.BetweenTools, t.Types.Disabled, t.Types.Enabled)
	}
	return &c
}

// supported returns the names whose flag is set; never nil.
func supported(names []string, flags ...support) []string {
	kept := []string{}
	for i, f := range flags {
		if f.Supported {
			kept = append(kept, names[i])
		}
	}
	return kept
}
