package gateway

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/messages"
)

// shape is how an API tells of errors.
type shape interface {
	// status is the error's HTTP status.
	status(e *apiError) int
	// body is the answer's. id is the request's.
	body(e *apiError, id string) []byte
}

// shapeOf is for requests that no surface serves.
func shapeOf(r *http.Request) shape {
	if strings.HasPrefix(r.URL.Path, "/v1/messages") || r.Header.Get("Anthropic-Version") != "" {
		return anthropicShape{}
	}
	return openAIShape{}
}

// openAIShape is that of Chat Completions and all other APIs of OpenAI's.
type openAIShape struct{}

func (openAIShape) status(e *apiError) int { return e.status }

// body has always all four fields, as OpenAI's own answers have.
func (openAIShape) body(e *apiError, _ string) []byte {
	type object struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	o := object{Message: e.message, Type: e.kind}
	if e.param != "" {
		o.Param = &e.param
	}
	if e.code != "" {
		o.Code = &e.code
	}
	body, _ := json.Marshal(map[string]object{"error": o}) // strings always marshal
	return body
}

// anthropicShape is that of Messages.
type anthropicShape struct{}

func (anthropicShape) status(e *apiError) int {
	return messages.ErrorStatus(e.status, cmp.Or(e.code, e.kind))
}

func (anthropicShape) body(e *apiError, id string) []byte {
	return messages.ErrorBody(e.status, cmp.Or(e.code, e.kind), e.message, id)
}
