package openai

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// ModelsCall lists the models; it costs nothing.
func (*Dialect) ModelsCall() *provider.Call {
	return &provider.Call{Method: http.MethodGet, Path: "/models", Header: http.Header{}}
}

// ParseModels reads the list. A bare array counts as one (Together AI), and so
// does null (Ollama without models); entries without an id are left out.
func (*Dialect) ParseModels(body []byte) ([]provider.Model, error) {
	if !json.Valid(body) {
		return nil, errors.New("the list of models is not valid JSON")
	}
	list := gjson.ParseBytes(body)
	if list.IsObject() {
		list = list.Get("data")
	}
	if !list.IsArray() && !(list.Exists() && list.Type == gjson.Null) {
		return nil, errors.New("the list of models has no array \"data\"")
	}
	var models []provider.Model
	list.ForEach(func(_, m gjson.Result) bool {
		if id := m.Get("id").Str; id != "" {
			models = append(models, provider.Model{ID: id, Created: unixTime(m.Get("created")), Owner: m.Get("owned_by").Str})
		}
		return true
	})
	return models, nil
}

func unixTime(v gjson.Result) time.Time {
	if v.Int() <= 0 {
		return time.Time{}
	}
	return time.Unix(v.Int(), 0).UTC()
}
