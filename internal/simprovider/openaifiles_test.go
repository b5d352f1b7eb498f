package simprovider

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func uploaded(t *testing.T, p *Provider, key, data string) string {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("file", "in.jsonl")
	if err == nil {
		_, err = f.Write([]byte(data))
	}
	if err != nil || w.WriteField("purpose", "batch") != nil || w.Close() != nil {
		t.Fatal("no form")
	}
	r := newRequest(t.Context(), http.MethodPost, "http://sim/v1/files", key, body.String())
	r.Header.Set("Content-Type", w.FormDataContentType())
	got := httptest.NewRecorder()
	p.ServeHTTP(got, r)
	if got.Code != http.StatusOK || gjson.Get(got.Body.String(), "purpose").Str != "batch" {
		t.Fatalf("status %d: %s", got.Code, got.Body)
	}
	return gjson.Get(got.Body.String(), "id").Str
}

func get(t *testing.T, p *Provider, path, key string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, newRequest(t.Context(), http.MethodGet, "http://sim"+path, key, ""))
	return w
}

func TestFiles(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(2, 1, Roomy)})
	id := uploaded(t, p, "sim-key-1", "hello")
	if w := get(t, p, "/v1/files/"+id, "sim-key-1"); gjson.Get(w.Body.String(), "bytes").Int() != 5 {
		t.Errorf("the file is %s", w.Body)
	}
	if w := get(t, p, "/v1/files/"+id+"/content", "sim-key-1"); w.Body.String() != "hello" {
		t.Errorf("content %q", w.Body)
	}
	for _, path := range []string{"/v1/files/" + id, "/v1/files/" + id + "/content", "/v1/batches/batch_1"} {
		if w := get(t, p, path, "sim-key-2"); w.Code != http.StatusNotFound {
			t.Errorf("%s of another organisation: status %d", path, w.Code)
		}
	}
	if w := ask(p, "/v1/files", "sim-key-1", "no form"); w.Code != http.StatusBadRequest {
		t.Errorf("no form: status %d", w.Code)
	}
}

// Each line is answered by itself, whatever becomes of the others, and none of
// it draws on the quota.
func TestBatches(t *testing.T) {
	t.Parallel()
	tests := []struct{ endpoint, body, in string }{
		{"/v1/chat/completions", `{"model":"gpt-5","messages":[{"role":"user","content":"hello"}]}`, "chat.completion"},
		{"/v1/responses", `{"model":"gpt-5","input":"hello"}`, "response"},
		{"/v1/completions", `{"model":"gpt-4o","prompt":"hello"}`, "text_completion"},
		{"/v1/embeddings", `{"model":"text-embedding-3-small","input":"hello"}`, "list"},
	}
	for _, tt := range tests {
		t.Run(tt.endpoint, func(t *testing.T) {
			t.Parallel()
			p := New(Config{Organisations: Organisations(1, 1, Limits{Tokens: 1})})
			id := uploaded(t, p, "sim-key-1", `{"custom_id":"a","body":`+tt.body+"}\n\n"+`{"custom_id":"b","body":{"model":"nope"}}`+"\n")
			w := ask(p, "/v1/batches", "sim-key-1", `{"input_file_id":"`+id+`","endpoint":"`+tt.endpoint+`","completion_window":"24h"}`)
			batch := gjson.Parse(w.Body.String())
			if batch.Get("status").Str != "completed" || batch.Get("request_counts.total").Int() != 2 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if again := get(t, p, "/v1/batches/"+batch.Get("id").Str, "sim-key-1"); again.Body.String() != w.Body.String() {
				t.Errorf("asked again it is %s", again.Body)
			}
			out := get(t, p, "/v1/files/"+batch.Get("output_file_id").Str+"/content", "sim-key-1").Body.String()
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if len(lines) != 2 || gjson.Get(lines[0], "response.body.object").Str != tt.in || gjson.Get(lines[1], "response.status_code").Int() < 400 {
				t.Errorf("output %s", out)
			}
		})
	}
}

func TestBatchesRefused(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	if w := ask(p, "/v1/batches", "sim-key-1", `{"input_file_id":"file-none"}`); w.Code != http.StatusNotFound {
		t.Errorf("no such file: status %d", w.Code)
	}
	id := uploaded(t, p, "sim-key-1", `{"custom_id":"a","body":{}}`)
	w := ask(p, "/v1/batches", "sim-key-1", `{"input_file_id":"`+id+`","endpoint":"/v1/nothing"}`)
	out := get(t, p, "/v1/files/"+gjson.Get(w.Body.String(), "output_file_id").Str+"/content", "sim-key-1")
	if gjson.Get(out.Body.String(), "response.status_code").Int() != 400 {
		t.Errorf("no such endpoint: %s", out.Body)
	}
}

func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	for range maxFiles {
		uploaded(t, p, "sim-key-1", "x")
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, _ := w.CreateFormFile("file", "x")
	_, _ = f.Write([]byte("x"))
	_ = w.Close()
	r := newRequest(t.Context(), http.MethodPost, "http://sim/v1/files", "sim-key-1", body.String())
	r.Header.Set("Content-Type", w.FormDataContentType())
	got := httptest.NewRecorder()
	p.ServeHTTP(got, r)
	if got.Code != http.StatusBadRequest {
		t.Errorf("status %d beyond the bound", got.Code)
	}
}
