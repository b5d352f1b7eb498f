package openai

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// paths are the ends of the URLs, behind the version.
var paths = map[provider.API]string{
	provider.Responses:      "/responses",
	provider.InputTokens:    "/responses/input_tokens",
	provider.Completions:    "/completions",
	provider.Embeddings:     "/embeddings",
	provider.Moderations:    "/moderations",
	provider.Images:         "/images/generations",
	provider.Speech:         "/audio/speech",
	provider.Transcriptions: "/audio/transcriptions",
	provider.Translations:   "/audio/translations",
	provider.Rerank:         "/rerank", // not OpenAI's: Cohere's form, which others follow
}

// ownAPIs are OpenAI's, and compatibleAPIs those that are asked for of a server
// of which nothing is known.
var (
	ownAPIs = []provider.API{provider.Responses, provider.InputTokens, provider.Completions, provider.Embeddings, provider.Moderations,
		provider.Images, provider.Speech, provider.Transcriptions, provider.Translations}
	compatibleAPIs = append(ownAPIs[2:len(ownAPIs):len(ownAPIs)], provider.Rerank)
)

func (c Config) has(api provider.API) bool {
	switch {
	case c.APIs != nil:
		return slices.Contains(c.APIs, api)
	case c.Compatible:
		return slices.Contains(compatibleAPIs, api)
	}
	return slices.Contains(ownAPIs, api)
}

// EncodeNative passes a request of another API through, asking for the model. It
// returns false as well for a form in which the model cannot be replaced.
func (d *Dialect) EncodeNative(r provider.NativeRequest) (*provider.Call, bool) {
	if !d.cfg.has(r.API) || paths[r.API] == "" {
		return nil, false
	}
	call := &provider.Call{Method: http.MethodPost, Path: paths[r.API], Header: http.Header{}}
	a := nativeAnswer{answer: answer{rules: d.cfg.Rules}, api: r.API}
	switch r.API {
	case provider.Transcriptions, provider.Translations:
		f, ok := readForm(r.Body, r.Header.Get("Content-Type"))
		if !ok {
			return nil, false
		}
		call.Header.Set("Content-Type", r.Header.Get("Content-Type"))
		call.Body = f.withModel(r.Model)
		call.Stream = streamsText(r, f.value("stream"))
		a.kind = textTypes[f.value("response_format")]
	default:
		call.Header.Set("Content-Type", "application/json")
		call.Body = withModel(r.Body, r.Model)
		call.Stream = streams(r)
	}
	if r.API == provider.Speech {
		a.kind = speechType(gjson.GetBytes(r.Body, "response_format").Str)
	}
	if beta := r.Header.Values("Openai-Beta"); len(beta) > 0 {
		call.Header["Openai-Beta"] = slices.Clone(beta)
	}
	call.Answer = a
	return call, true
}

// streams reports whether the answer will be a stream. Speech has a field of its
// own for events; what streams there without it is plain audio.
func streams(r provider.NativeRequest) bool {
	switch r.API {
	case provider.Responses, provider.Completions, provider.Images:
		return r.Stream
	case provider.Speech:
		return gjson.GetBytes(r.Body, "stream_format").Str == "sse"
	}
	return false
}

// streamsText reports whether a transcript will be a stream. Whisper ignores the
// wish (OpenAI's specification, createTranscription, stream).
func streamsText(r provider.NativeRequest, field string) bool {
	return (r.Stream || field == "true") && r.API == provider.Transcriptions && !strings.HasPrefix(r.Model, "whisper")
}
