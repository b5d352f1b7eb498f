package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
)

// nativeSurfaces are the APIs that only providers who have them can serve: the
// request is passed on as it is, for another model. By path.
var nativeSurfaces = map[string]*surface{
	"/v1/completions":          nativeSurface(provider.Completions, parseJSON(provider.Completions, "")),
	"/v1/embeddings":           nativeSurface(provider.Embeddings, parseJSON(provider.Embeddings, "")),
	"/v1/moderations":          nativeSurface(provider.Moderations, parseJSON(provider.Moderations, moderationModel)),
	"/v1/images/generations":   nativeSurface(provider.Images, parseJSON(provider.Images, "")),
	"/v1/audio/speech":         nativeSurface(provider.Speech, parseJSON(provider.Speech, "")),
	"/v1/audio/transcriptions": nativeSurface(provider.Transcriptions, parseForm(provider.Transcriptions)),
	"/v1/audio/translations":   nativeSurface(provider.Translations, parseForm(provider.Translations)),
	"/v1/rerank":               nativeSurface(provider.Rerank, parseJSON(provider.Rerank, "")),
}

// nativeSurface makes a surface whose streams, if it has any, are like those of Chat
// Completions. SDKs read [DONE] as the end of each of them.
func nativeSurface(api provider.API, parse func([]byte, http.Header) (request, error)) *surface {
	return &surface{api: api, parse: parse, shape: openAIShape{}, ping: comment, done: doneMark, failed: failedChat}
}

// moderationModel is what OpenAI takes when a request names none (its
// specification, CreateModerationRequest).
const moderationModel = "omni-moderation-latest"

// nativeRequest is passed on. Its Model is the one that the client named.
type nativeRequest struct {
	provider.NativeRequest
	reads int64 // bytes of text
}

// parseJSON reads a request whose body is JSON. model is taken if it names none.
func parseJSON(api provider.API, model string) func([]byte, http.Header) (request, error) {
	return func(body []byte, header http.Header) (request, error) {
		doc, err := chat.ParseDocument(body)
		if err != nil {
			return nil, err
		}
		r := nativeRequest{provider.NativeRequest{API: api, Body: body, Model: model, Header: header}, int64(len(body))}
		if v := doc.Get("model"); v.Exists() || model == "" {
			if err := chat.CheckModel(v); err != nil {
				return nil, err
			}
			r.Model = v.Str
		}
		switch v := doc.Get("stream"); {
		case v.IsBool():
			r.Stream = v.Bool()
		case v.Exists():
			return nil, &chat.ParamError{Param: "stream", Message: "must be true or false"}
		}
		return r, nil
	}
}

func (r nativeRequest) model() string        { return r.Model }
func (r nativeRequest) stream() bool         { return r.Stream }
func (r nativeRequest) conversation() string { return "" } // there is no prompt cache to return to
func (r nativeRequest) maxOutput() int64     { return 0 }

func (r nativeRequest) size(estimate.Formula) estimate.Size { return estimate.Size{Text: r.reads} }

func (r nativeRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	native := r.NativeRequest
	native.Model = model
	return encodeNative(d, native)
}

// errNoSuchAPI is for a target whose provider has nothing of the kind.
var errNoSuchAPI = &apiError{status: 404, kind: "invalid_request_error", code: "unsupported_api", param: "model", final: true,
	message: "The provider of this model has no such API. Name a model of one that has, or call /v1/chat/completions, which all serve."}

// encodeNative is for APIs that cannot be translated.
func encodeNative(d provider.Dialect, r provider.NativeRequest) (*provider.Call, error) {
	if n, ok := d.(provider.Native); ok {
		if call, ok := n.EncodeNative(r); ok {
			return call, nil
		}
	}
	return nil, errNoSuchAPI
}
