package openai

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/tidwall/gjson"
)

// Made is the answer of an API that does not converse: it is there at once and
// as a whole, and a pure function of the request.
type Made struct {
	// Type is the media type of Body.
	Type string
	Body []byte
	// Model is the one that was asked, whose quota Need is taken from.
	Model string
	Need  quota.Need
	// Input are the tokens of what was sent.
	Input int

	created int64
}

// Request is a request of such an API.
type Request struct {
	// Type is the media type of Body.
	Type    string
	Body    []byte
	Created time.Time
}

// API makes an answer.
type API func(Dialect, Request) (*Made, *dialogue.Refusal)

// APIs are what POST serves beside conversations, by path.
var APIs = map[string]API{
	"/v1/embeddings":           jsonAPI(embeddings),
	"/v1/moderations":          jsonAPI(moderations),
	"/v1/images/generations":   jsonAPI(images),
	"/v1/audio/speech":         jsonAPI(speech),
	"/v1/rerank":               jsonAPI(rerank),
	"/v1/audio/transcriptions": transcribe,
	"/v1/audio/translations":   transcribe,
}

// simpleModels are served by these APIs beside those of the catalogue.
var simpleModels = []string{
	"text-embedding-3-small", "text-embedding-3-large", "omni-moderation-latest", "gpt-image-1", "tts-1", "gpt-4o-mini-tts",
	"whisper-1", "gpt-4o-transcribe", "rerank-v3.5",
}

// serves refuses models that there are not.
func (d Dialect) serves(model string) *dialogue.Refusal {
	if _, ok := d.Models.Find(model); ok || slices.Contains(simpleModels, model) {
		return nil
	}
	return &dialogue.Refusal{Status: http.StatusNotFound, Type: "invalid_request_error", Code: "model_not_found", Cause: "invalid",
		Message: "The model `" + model + "` does not exist or you do not have access to it."}
}

// Invalid refuses a parameter; param may be empty.
func Invalid(param, message string) *dialogue.Refusal {
	return &dialogue.Refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Param: param, Message: message, Cause: "invalid"}
}

// jsonAPI is an API with a JSON body, whose answer counts what it was sent.
func jsonAPI(do func(top gjson.Result, made *Made) *dialogue.Refusal) API {
	return func(d Dialect, r Request) (*Made, *dialogue.Refusal) {
		if !gjson.ValidBytes(r.Body) || !gjson.ParseBytes(r.Body).IsObject() {
			return nil, Invalid("", "We could not parse the JSON body of your request.")
		}
		top := gjson.ParseBytes(r.Body)
		made := &Made{Type: "application/json", Model: top.Get("model").Str, created: r.Created.Unix()}
		if bad := d.serves(made.Model); bad != nil {
			return nil, bad
		}
		for _, name := range []string{"input", "prompt", "query", "documents"} {
			made.Input += sizeOfTexts(top.Get(name))
		}
		made.Need = quota.Need{Requests: 1, Tokens: int64(made.Input)}
		return made, do(top, made)
	}
}

func sizeOfTexts(v gjson.Result) (tokens int) {
	if !v.IsArray() && !v.IsObject() {
		return dialogue.Tokens(len(v.String()))
	}
	v.ForEach(func(_, each gjson.Result) bool {
		tokens += sizeOfTexts(each)
		return true
	})
	return tokens
}

// list is a JSON value, or the values of an array.
func list(v gjson.Result) []gjson.Result {
	if v.IsArray() {
		return v.Array()
	}
	return []gjson.Result{v}
}

const dimensions = 8

func embeddings(top gjson.Result, made *Made) *dialogue.Refusal {
	if !top.Get("input").Exists() {
		return Invalid("input", "Missing required parameter: 'input'.")
	}
	data := []any{}
	for i, text := range list(top.Get("input")) {
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": embedding(text.Raw, top.Get("encoding_format").Str)})
	}
	made.Body = marshal(map[string]any{"object": "list", "data": data, "model": made.Model,
		"usage": map[string]int{"prompt_tokens": made.Input, "total_tokens": made.Input}})
	return nil
}

// embedding is a vector of length 1 that depends on the text alone; as base64 it
// is float32 in little-endian order.
func embedding(text, format string) any {
	vector := make([]float32, dimensions)
	var sum float64
	for i := range vector {
		x := float64(int16(dialogue.Digest(text, fmt.Sprint(i))))
		vector[i], sum = float32(x), sum+x*x
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(sum))
	}
	if format != "base64" {
		return vector
	}
	var raw []byte
	for _, x := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// moderations flags what says "kill".
func moderations(top gjson.Result, made *Made) *dialogue.Refusal {
	made.Need.Tokens = 0 // free, and limited by requests alone
	results := []any{}
	for _, text := range list(top.Get("input")) {
		flagged := strings.Contains(strings.ToLower(text.Raw), "kill")
		score := map[bool]float64{true: 0.97, false: 0.01}[flagged]
		results = append(results, map[string]any{"flagged": flagged, "categories": map[string]bool{"violence": flagged}, "category_scores": map[string]float64{"violence": score}})
	}
	made.Body = marshal(map[string]any{"id": "modr-sim", "model": made.Model, "results": results})
	return nil
}

// pixel is a PNG of one transparent pixel.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

// imageTokens is what an image is said to have cost.
const imageTokens = 272

func images(top gjson.Result, made *Made) *dialogue.Refusal {
	if top.Get("prompt").Str == "" {
		return Invalid("prompt", "Missing required parameter: 'prompt'.")
	}
	n := max(1, int(min(top.Get("n").Int(), 10)))
	data := []any{}
	for range n {
		data = append(data, map[string]any{"b64_json": pixel})
	}
	made.Need.Tokens += int64(n * imageTokens)
	made.Body = marshal(map[string]any{"created": made.created, "data": data, "usage": map[string]any{
		"input_tokens": made.Input, "input_tokens_details": map[string]int{"text_tokens": made.Input, "image_tokens": 0},
		"output_tokens": n * imageTokens, "total_tokens": made.Input + n*imageTokens}})
	return nil
}

// speech says nothing, for as long as the text has tokens.
func speech(top gjson.Result, made *Made) *dialogue.Refusal {
	if top.Get("input").Str == "" || top.Get("voice").Str == "" {
		return Invalid("input", "Missing required parameter: 'input' or 'voice'.")
	}
	made.Type, made.Body = "audio/mpeg", append([]byte("ID3\x04\x00\x00\x00\x00\x00\x00"), make([]byte, 16*made.Input)...)
	if top.Get("response_format").Str == "pcm" {
		made.Type = "audio/pcm"
	}
	return nil
}

// rerank puts first what has most words of the query.
func rerank(top gjson.Result, made *Made) *dialogue.Refusal {
	words := strings.Fields(strings.ToLower(top.Get("query").Str))
	documents := top.Get("documents").Array()
	if len(words) == 0 || len(documents) == 0 {
		return Invalid("documents", "Missing required parameter: 'query' or 'documents'.")
	}
	type result struct {
		Index int     `json:"index"`
		Score float64 `json:"relevance_score"`
	}
	var results []result
	for i, document := range documents {
		hits := 0
		for _, word := range words {
			if strings.Contains(strings.ToLower(document.Raw), word) {
				hits++
			}
		}
		results = append(results, result{i, float64(hits) / float64(len(words))})
	}
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(b.Score, a.Score) })
	if n := int(top.Get("top_n").Int()); 0 < n && n < len(results) {
		results = results[:n]
	}
	made.Body = marshal(map[string]any{"id": "rerank-sim", "model": made.Model, "results": results, "usage": map[string]int{"total_tokens": made.Input}})
	return nil
}

// maxMemory bounds what of a form is held at once.
const maxMemory = 32 << 20

// transcribe writes down how large the file was.
func transcribe(d Dialect, r Request) (*Made, *dialogue.Refusal) {
	kind, params, err := mime.ParseMediaType(r.Type)
	if err != nil || kind != "multipart/form-data" {
		return nil, Invalid("", "Could not parse multipart form.")
	}
	form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(maxMemory)
	if err != nil {
		return nil, Invalid("", "Could not parse multipart form.")
	}
	value := func(name string) string { return strings.Join(form.Value[name], ",") }
	made := &Made{Type: "application/json", Model: value("model"), Need: quota.Need{Requests: 1}}
	if bad := d.serves(made.Model); bad != nil {
		return nil, bad
	}
	if len(form.File["file"]) != 1 {
		return nil, Invalid("file", "Missing required parameter: 'file'.")
	}
	text := fmt.Sprintf("You sent %d bytes.", form.File["file"][0].Size)
	switch value("response_format") {
	case "text", "srt", "vtt":
		made.Type, made.Body = "text/plain; charset=utf-8", []byte(text+"\n")
	default:
		made.Body = marshal(map[string]any{"text": text, "usage": map[string]any{"type": "duration", "seconds": 1}})
	}
	return made, nil
}
