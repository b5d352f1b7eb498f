package simprovider

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/openai"
	"github.com/tidwall/gjson"
)

// shelf holds the files and batches of OpenAI's APIs, each for the organisation
// that made it. Batches are done at once and draw on no quota, as the real ones
// have limits of their own.
type shelf struct {
	mu      sync.Mutex // covers what follows
	files   map[string]openai.File
	batches map[string]openai.Batch
}

// maxFiles bounds the memory of a shelf.
const maxFiles = 1000

func (p *Provider) fileRoutes(mux *http.ServeMux) {
	s := &shelf{files: map[string]openai.File{}, batches: map[string]openai.Batch{}}
	for pattern, do := range map[string]func(*exchange) *dialogue.Refusal{
		"POST /v1/files":             s.upload,
		"GET /v1/files/{id}":         s.file,
		"GET /v1/files/{id}/content": s.content,
		"POST /v1/batches":           s.start,
		"GET /v1/batches/{id}":       s.batch,
	} {
		mux.HandleFunc(pattern, p.handle(p.openai, do))
	}
}

// put keeps a file and returns its id.
func (s *shelf) put(x *exchange, prefix, name, purpose string, data []byte) (openai.File, *dialogue.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= maxFiles {
		return openai.File{}, openai.Invalid("file", fmt.Sprintf("The simulated provider keeps %d files at most.", maxFiles))
	}
	f := openai.File{ID: prefix + x.call.ID, Name: name, Purpose: purpose, Data: data, Created: x.started, Owner: x.org.Name}
	s.files[f.ID] = f
	return f, nil
}

// find returns a file that the organisation owns.
func (s *shelf) find(x *exchange, id string) (openai.File, *dialogue.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[id]; ok && f.Owner == x.org.Name {
		return f, nil
	}
	return openai.File{}, x.dialect.NotFound("No such File object: " + id)
}

func (s *shelf) upload(x *exchange) *dialogue.Refusal {
	body, bad := x.body()
	if bad != nil {
		return bad
	}
	_, params, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(maxBody)
	if err != nil || len(form.File["file"]) != 1 {
		return openai.Invalid("file", "'file' is a required property")
	}
	name := form.File["file"][0].Filename
	opened, err := form.File["file"][0].Open()
	if err != nil {
		return openai.Invalid("file", "'file' cannot be read")
	}
	defer opened.Close()
	data, err := io.ReadAll(opened)
	if err != nil {
		return openai.Invalid("file", "'file' cannot be read")
	}
	f, bad := s.put(x, "file-", name, strings.Join(form.Value["purpose"], ""), data)
	if bad == nil {
		x.json(http.StatusOK, f.JSON())
	}
	return bad
}

func (s *shelf) file(x *exchange) *dialogue.Refusal {
	f, bad := s.find(x, x.r.PathValue("id"))
	if bad == nil {
		x.json(http.StatusOK, f.JSON())
	}
	return bad
}

func (s *shelf) content(x *exchange) *dialogue.Refusal {
	f, bad := s.find(x, x.r.PathValue("id"))
	if bad == nil {
		x.status(http.StatusOK, "application/octet-stream")
		_, _ = x.w.Write(f.Data) // a client that is gone needs no error
	}
	return bad
}

// start does a batch.
func (s *shelf) start(x *exchange) *dialogue.Refusal {
	body, bad := x.body()
	if bad != nil {
		return bad
	}
	in, bad := s.find(x, gjson.GetBytes(body, "input_file_id").Str)
	if bad != nil {
		return bad
	}
	b := openai.Batch{ID: "batch_" + x.call.ID, Endpoint: gjson.GetBytes(body, "endpoint").Str, Input: in.ID, Created: x.started, Owner: x.org.Name}
	var results bytes.Buffer
	for line := range bytes.Lines(in.Data) {
		if line := bytes.TrimSpace(line); len(line) > 0 {
			b.Total++
			results.Write(x.batchLine(b, gjson.ParseBytes(line)))
		}
	}
	out, bad := s.put(x, "file-out-", "batch_output.jsonl", "batch_output", results.Bytes())
	if bad != nil {
		return bad
	}
	b.Output = out.ID
	s.mu.Lock()
	s.batches[b.ID] = b
	s.mu.Unlock()
	x.json(http.StatusOK, b.JSON())
	return nil
}

func (s *shelf) batch(x *exchange) *dialogue.Refusal {
	s.mu.Lock()
	b, ok := s.batches[x.r.PathValue("id")]
	s.mu.Unlock()
	if !ok || b.Owner != x.org.Name {
		return x.dialect.NotFound("No batch found with id '" + x.r.PathValue("id") + "'.")
	}
	x.json(http.StatusOK, b.JSON())
	return nil
}

// batchLine answers one line of a batch with a line.
func (x *exchange) batchLine(b openai.Batch, line gjson.Result) []byte {
	body := []byte(line.Get("body").Raw)
	call := x.call
	call.Model = line.Get("body.model").Str
	answer, bad := x.answerOf(b.Endpoint, &call, body)
	if bad != nil {
		return b.Line(line.Get("custom_id").Str, bad.Status, x.dialect.Error(&call, bad))
	}
	return b.Line(line.Get("custom_id").Str, http.StatusOK, answer)
}

func (x *exchange) answerOf(endpoint string, call *dialogue.Call, body []byte) ([]byte, *dialogue.Refusal) {
	conversations := map[string]dialect{
		"/v1/chat/completions": x.openai, "/v1/responses": openai.Responses{Dialect: x.openai}, "/v1/completions": openai.Completions{Dialect: x.openai},
	}
	if d, ok := conversations[endpoint]; ok {
		prompt, bad := d.Parse(body, nil)
		if bad != nil {
			return nil, bad
		}
		a := dialogue.Compose(prompt, x.config.answerTokens())
		a.Usage.Input = prompt.Tokens
		return d.Whole(call, a), nil
	}
	api, ok := openai.APIs[endpoint]
	if !ok {
		return nil, openai.Invalid("endpoint", "Invalid value for 'endpoint': '"+endpoint+"'.")
	}
	made, bad := api(x.openai, openai.Request{Type: "application/json", Body: body, Created: call.Created})
	if bad != nil {
		return nil, bad
	}
	return made.Body, nil
}
