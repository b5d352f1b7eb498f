package openai

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// nativeAnswer passes the answers of APIs beside Chat Completions through.
type nativeAnswer struct {
	answer
	api provider.API
	// kind is the media type of an answer that is not JSON, as far as the request
	// tells; empty for JSON.
	kind string
}

var _ provider.Answer = nativeAnswer{}

// Whole returns the body as it came. Where the request asked for audio or plain
// text anything is taken for it but a JSON error: some servers send one with
// status 200.
func (a nativeAnswer) Whole(body []byte) (provider.Reply, error) {
	if a.kind == "" {
		return a.answer.Whole(body)
	}
	if len(body) == 0 {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is empty"}
	}
	if looksLikeJSON(body) && json.Valid(body) {
		if fault := a.rules.faultIn(gjson.ParseBytes(body)); fault != nil {
			return provider.Reply{}, fault
		}
	}
	return provider.Reply{Body: body, Type: a.kind}, nil
}

// Stream passes the events on as they come.
func (a nativeAnswer) Stream(body io.Reader) provider.Stream {
	if a.api == provider.Completions {
		return a.answer.Stream(body)
	}
	return &eventStream{events: sse.NewReader(body, 0), rules: a.rules}
}

func looksLikeJSON(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte{'{'})
}

// textTypes are the response_formats of transcripts that are not JSON.
var textTypes = map[string]string{
	"text": "text/plain; charset=utf-8",
	"srt":  "text/plain; charset=utf-8",
	"vtt":  "text/plain; charset=utf-8",
}

// speechType is the media type of a response_format of speech; mp3 is the
// default, and "opus" is Ogg.
func speechType(format string) string {
	switch format {
	case "", "mp3":
		return "audio/mpeg"
	case "opus":
		return "audio/ogg"
	case "aac", "flac", "wav", "pcm":
		return "audio/" + format
	}
	return "application/octet-stream"
}
