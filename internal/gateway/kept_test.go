package gateway_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/config"
)

// accounts is a provider in which each key sees only what it has made itself.
// It hands out what was asked of it last.
type accounts struct {
	path, query, body string
	header            http.Header
	keys              []string
	files             map[string]string // the key that made it, by id
	status            int               // of refusals, if set
}

func (a *accounts) RoundTrip(r *http.Request) (*http.Response, error) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	a.path, a.query, a.body, a.header, a.keys = r.URL.Path, r.URL.RawQuery, string(body), r.Header, append(a.keys, key)
	answer := http.Header{"Content-Type": {"application/json"}, "Openai-Organization": {"org-theirs"}, "Set-Cookie": {"a=b"}}
	if a.status != 0 {
		return reply(r, a.status, answer, strings.NewReader(`{"error":{"message":"no, says org-AbCdEf0123456789","type":"invalid_request_error","code":"nope"}}`))
	}
	switch last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; {
	case r.Method == "POST" && last == "files":
		a.files["file-A1"] = key
		return reply(r, 200, answer, strings.NewReader(`{"id": "file-A1", "object":"file","filename":"file-x"}`))
	case last == "content":
		answer.Set("Content-Type", "application/jsonl")
		return reply(r, 200, answer, strings.NewReader(`{"id":"file-A1"}`))
	case last == "batches":
		return reply(r, 200, answer, strings.NewReader(`{"id":"batch_B1","input_file_id":"file-A1","output_file_id":null,"errors":{"text":"\"id\":\"file-A1\""}}`))
	case r.Method == "POST" && last == "responses":
		return reply(r, 200, answer, strings.NewReader(`{"id":"resp_R1","object":"response","status":"completed","output":[{"type":"message","id":"msg_1","content":[{"type":"output_text","text":"say \"id\":\"resp_no\""}]}]}`))
	}
	return reply(r, 200, answer, strings.NewReader(`{"id":"`+strings.Split(r.URL.Path, "/")[3]+`"}`))
}

// keeping is a gateway to a pool of OpenAI's with eight keys, for two clients.
func keeping(t *testing.T, a *accounts) *inProcess {
	t.Helper()
	a.files = map[string]string{}
	p := newInProcessOf(t, func(d *config.Config) {
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}, {Name: "other", Secret: "env:OTHER"}}}
		main := d.Pools["main"]
		main.Provider = config.ProviderOpenAI
		d.Pools["main"] = main
	}, upstreamOf{name: "main", keys: []string{"k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"}, dialect: gptDialect, answer: a.RoundTrip},
		upstreamOf{name: "claude", keys: []string{"c1"}, dialect: claudeDialect, answer: a.RoundTrip})
	p.secrets.values["BOT"], p.secrets.values["OTHER"] = "bot-token", "other-token"
	return p
}

var bot = []string{"Authorization", "Bearer bot-token"}

const uploaded = "multipart/form-data; boundary=b"

// TestFilesStayWithTheirKey through all that is done with one.
func TestFilesStayWithTheirKey(t *testing.T) {
	t.Parallel()
	a := &accounts{}
	p := keeping(t, a)
	w := p.do(t.Context(), "POST", "/v1/files", form("purpose", "batch", "file", "lines"), append(bot, "Content-Type", uploaded)...)
	id := gjson.Get(w.Body.String(), "id").Str
	if w.Code != 200 || !regexp.MustCompile(`^file-A1~[0-9a-f]{8}$`).MatchString(id) || gjson.Get(w.Body.String(), "filename").Str != "file-x" {
		t.Fatalf("%d %s, want an id with a mark, and nothing else changed", w.Code, w.Body)
	}
	if a.header.Get("Content-Type") != uploaded || !strings.Contains(a.body, "lines") {
		t.Errorf("the provider got %v %q, want the form as it was", a.header, a.body)
	}
	if h := w.Header(); h.Get("Openai-Organization") != "" || h.Get("Set-Cookie") != "" || h.Get("X-Fallow-Key") == "" {
		t.Errorf("headers = %v, want our own and none of the account's", h)
	}
	steps := []struct {
		method, path, body string
		asks, sends        string
		answers            string
	}{
		{"GET", "/v1/files/" + id, "", "/v1/files/file-A1", "", `"id":"` + id + `"`},
		{"GET", "/v1/files/" + id + "/content?after=5&key=x", "", "/v1/files/file-A1/content", "", `{"id":"file-A1"}`},
		{"POST", "/v1/batches", `{"input_file_id":"` + id + `","note":"a~b"}`, "/v1/batches", `{"input_file_id":"file-A1","note":"a~b"}`, `"input_file_id":"` + id + `"`},
		{"DELETE", "/v1/files/" + id, "", "/v1/files/file-A1", "", id},
		{"POST", "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"` + id + `"}}]}]}`, "/chat/completions", `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-A1"}}]}]}`, ""},
	}
	for _, s := range steps {
		w := p.do(t.Context(), s.method, s.path, s.body, bot...)
		if s.answers != "" && (w.Code != 200 || !strings.Contains(w.Body.String(), s.answers)) {
			t.Errorf("%s %s: %d %s, want 200 with %s", s.method, s.path, w.Code, w.Body, s.answers)
		}
		if a.path != s.asks || a.body != s.sends {
			t.Errorf("%s %s asked %s %s, want %s %s", s.method, s.path, a.path, a.body, s.asks, s.sends)
		}
		if strings.Contains(s.path, "content") && a.query != "after=5" {
			t.Errorf("query = %q, want it without the key", a.query)
		}
		if key := a.keys[len(a.keys)-1]; key != a.files["file-A1"] {
			t.Errorf("%s %s went by %s, the file is %s's", s.method, s.path, key, a.files["file-A1"])
		}
	}
}

// TestStoredResponses: what an answer is called leads back to who gave it.
func TestStoredResponses(t *testing.T) {
	t.Parallel()
	a := &accounts{}
	p := keeping(t, a)
	w := p.do(t.Context(), "POST", "/v1/responses", helloInput, bot...)
	id := gjson.Get(w.Body.String(), "id").Str
	if w.Code != 200 || !strings.HasPrefix(id, "resp_R1~") || !strings.Contains(w.Body.String(), `say \"id\":\"resp_no\"`) || !strings.Contains(w.Body.String(), `"id":"msg_1"`) {
		t.Fatalf("%d %s, want a marked id and the text as it was", w.Code, w.Body)
	}
	first := a.keys[0]
	for range 4 {
		p.do(t.Context(), "POST", "/v1/responses", `{"model":"m","input":"go on","previous_response_id":"`+id+`"}`, bot...)
		if !strings.Contains(a.body, `"previous_response_id":"resp_R1"`) {
			t.Errorf("the provider was sent %s", a.body)
		}
	}
	if w := p.do(t.Context(), "GET", "/v1/responses/"+id, "", bot...); w.Code != 200 || a.path != "/v1/responses/resp_R1" {
		t.Errorf("%d, asked for %s", w.Code, a.path)
	}
	for i, key := range a.keys {
		if key != first {
			t.Errorf("call %d went by %s, want %s for all", i, key, first)
		}
	}
}

// TestStoredResponsesInAStream: the id stands in several events.
func TestStoredResponsesInAStream(t *testing.T) {
	t.Parallel()
	body := named("response.created", `{"type":"response.created","response":{"id":"resp_R1","status":"in_progress"}}`,
		"response.output_text.delta", `{"type":"response.output_text.delta","item_id":"msg_1","delta":"\"id\":\"resp_no\""}`,
		"response.completed", `{"type":"response.completed","response":{"id":"resp_R1","status":"completed"}}`)
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(body)})
	w := p.do(t.Context(), "POST", "/v1/responses", streaming(helloInput))
	plain := regexp.MustCompile(`~[0-9a-f]{8}`)
	if got := w.Body.String(); plain.ReplaceAllString(got, "") != body || len(plain.FindAllString(got, -1)) != 2 {
		t.Errorf("stream = %s\nwant both ids marked and nothing else changed", got)
	}
}

// TestTranslatedResponsesAreKeptByNobody, so their ids lead nowhere.
func TestTranslatedResponsesAreKeptByNobody(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: claudeDialect, answer: saying(aMessage)})
	w := p.do(t.Context(), "POST", "/v1/responses", helloInput)
	if id := gjson.Get(w.Body.String(), "id").Str; w.Code != 200 || id == "" || strings.Contains(id, "~") {
		t.Errorf("%d %s, want an id without a mark", w.Code, w.Body)
	}
}

// TestIDsOfOthers: whatever leads to no key of this client's is not looked for.
func TestIDsOfOthers(t *testing.T) {
	t.Parallel()
	a := &accounts{}
	p := keeping(t, a)
	w := p.do(t.Context(), "POST", "/v1/files", form("file", "lines"), append(bot, "Content-Type", uploaded)...)
	id := gjson.Get(w.Body.String(), "id").Str
	calls := len(a.keys)
	for name, path := range map[string]string{
		"another client's":  "/v1/files/" + id,
		"without a mark":    "/v1/files/file-A1",
		"with one made up":  "/v1/files/file-A1~00000000",
		"with a path in it": "/v1/files/..%2Fmodels~00000000",
	} {
		w := p.do(t.Context(), "GET", path, "", "Authorization", "Bearer other-token")
		if w.Code != 404 || len(a.keys) != calls {
			t.Errorf("%s: %d after %d calls, want 404 and no call", name, w.Code, len(a.keys)-calls)
		}
	}
	// In a body what is nobody's stays as it is: it may be text.
	p.do(t.Context(), "POST", "/v1/batches", `{"input_file_id":"`+id+`"}`, "Authorization", "Bearer other-token")
	if !strings.Contains(a.body, id) {
		t.Errorf("the provider was sent %s, want the other client's id as it stands", a.body)
	}
	if w := p.do(t.Context(), "GET", "/v1/files", "", bot...); w.Code != 405 {
		t.Errorf("a list: %d, want 405", w.Code)
	}
	if w := p.do(t.Context(), "GET", "/v1/files/"+id, ""); w.Code != 401 {
		t.Errorf("a stranger: %d, want 401", w.Code)
	}
}

// TestTornRequest refers to what no one key can read.
func TestTornRequest(t *testing.T) {
	t.Parallel()
	a := &accounts{}
	p := keeping(t, a)
	ids := map[string]bool{}
	for range 20 { // eight keys
		w := p.do(t.Context(), "POST", "/v1/files", form("file", "lines"), append(bot, "Content-Type", uploaded)...)
		ids[gjson.Get(w.Body.String(), "id").Str] = true
	}
	var refs []string
	for id := range ids {
		refs = append(refs, `{"type":"file","file":{"file_id":"`+id+`"}}`)
	}
	if len(refs) < 2 {
		t.Fatalf("all files went by one key: %v", ids)
	}
	body := `{"model":"m","messages":[{"role":"user","content":[` + strings.Join(refs, ",") + `]}]}`
	w := p.do(t.Context(), "POST", "/v1/chat/completions", body, bot...)
	wantAnswer(t, w.Code, w.Body.String(), 400, "invalid_request")
	// A model of another provider cannot read one either.
	q := keeping(t, a)
	w = q.do(t.Context(), "POST", "/v1/files", form("file", "lines"), append(bot, "Content-Type", uploaded)...)
	id := gjson.Get(w.Body.String(), "id").Str
	q.doc.Models["claude"] = config.Route{Targets: []config.Target{{Pool: "claude"}}}
	w = q.do(t.Context(), "POST", "/v1/chat/completions", `{"model":"claude","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"`+id+`"}}]}]}`, bot...)
	wantAnswer(t, w.Code, w.Body.String(), 400, "not_here")
}

// TestWhoKeepsAFile: the provider whose API it is, or the pool that is named.
func TestWhoKeepsAFile(t *testing.T) {
	t.Parallel()
	claude := []string{"Anthropic-Version", "2023-06-01"}
	tests := []struct {
		name    string
		headers []string
		status  int
		code    string // or the pool
	}{
		{"OpenAI's by itself", nil, 200, "main"},
		{"named", []string{"X-Fallow-Pool", "claude"}, 200, "claude"},
		{"named wrongly", []string{"X-Fallow-Pool", "nope"}, 400, "unknown_pool"},
		{"of a provider without a pool", claude, 400, "no pool of provider anthropic. If another has this API, name it in X-Fallow-Pool: claude, main."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := keeping(t, &accounts{}).do(t.Context(), "POST", "/v1/files", "x", append(append([]string{}, bot...), tt.headers...)...)
			if got := w.Header().Get("X-Fallow-Target"); w.Code != tt.status || !strings.Contains(got+w.Body.String(), tt.code) {
				t.Errorf("%d %s by %s, want %d %s", w.Code, w.Body, got, tt.status, tt.code)
			}
		})
	}
}

// TestWhichOfSeveralKeepsAFile must be said, and they are named.
func TestWhichOfSeveralKeepsAFile(t *testing.T) {
	t.Parallel()
	p := keeping(t, &accounts{})
	p.doc.Pools["claude"] = config.Pool{Provider: config.ProviderOpenAI}
	w := p.do(t.Context(), "POST", "/v1/files", "x", bot...)
	wantAnswer(t, w.Code, w.Body.String(), 400, "pool_not_named")
	if !strings.Contains(w.Body.String(), "several pools of provider openai. Name the one you mean in X-Fallow-Pool: claude, main.") {
		t.Errorf("%s does not name them", w.Body)
	}
}

// TestAnswerThatBreaksOff before it could be marked is no answer.
func TestAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, http.Header{"Content-Type": {"application/json"}}, io.MultiReader(strings.NewReader(`{"id":`), brokenReader{}))
	}})
	w := p.do(t.Context(), "POST", "/v1/files", "x", "X-Fallow-Pool", "main")
	wantAnswer(t, w.Code, w.Body.String(), 502, "upstream_unreachable")
}

// TestForwardedRefusals: the client's faults are told in the provider's words,
// without its names; those of our key are ours.
func TestForwardedRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		status int
		says   string
	}{
		400: {400, "says [redacted]"}, 404: {404, "says [redacted]"},
		401: {502, "upstream_auth"}, 429: {429, "pool_exhausted"}, 500: {502, "upstream_error"},
	} {
		a := &accounts{status: status}
		p := keeping(t, a)
		w := p.do(t.Context(), "POST", "/v1/files", "x", bot...)
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.says) {
			t.Errorf("%d: %d %s, want %d with %q", status, w.Code, w.Body, want.status, want.says)
		}
		if e := p.only(t); e.Status != want.status || e.API != "files" || e.Code == "" {
			t.Errorf("%d: event = %+v", status, e)
		}
	}
}
