package bedrock_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/eventstream"
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/bedrock"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

const (
	apiKey = "ABSKsimulated"
	claude = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/"
	nova   = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-pro-v1%3A0/"
	hi     = `{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`
)

func newProvider() *simprovider.Provider {
	return simprovider.New(simprovider.Config{
		Organisations: []simprovider.Organisation{{Name: "account", Keys: []string{apiKey, "AKIASIMULATED00001"}, Limits: simprovider.Roomy}},
		Models:        []string{"claude-amazon.*"},
	})
}

// post sends a body with the API key and returns the answer.
func post(p http.Handler, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+apiKey)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// frame is one message of a stream as the AWS SDK reads it.
type frame struct{ message, event, exception, payload string }

func frames(t *testing.T, body io.Reader) []frame {
	t.Helper()
	var out []frame
	for {
		m, err := eventstream.NewDecoder().Decode(body, nil)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		get := func(name string) string {
			v, _ := m.Headers.Get(name).(eventstream.StringValue)
			return string(v)
		}
		out = append(out, frame{get(":message-type"), get(":event-type"), get(":exception-type"), string(m.Payload)})
	}
}

func TestInvokeStream(t *testing.T) {
	t.Parallel()
	w := post(newProvider(), claude+"invoke-with-response-stream", `{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07"],"max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}`)
	if got := w.Header().Get("Content-Type"); w.Code != 200 || got != "application/vnd.amazon.eventstream" {
		t.Fatalf("got %d %s %s", w.Code, got, w.Body)
	}
	all := frames(t, w.Body)
	var text string
	for _, f := range all {
		if f.message != "event" || f.event != "chunk" || gjson.Get(f.payload, "p").Str == "" {
			t.Fatalf("got frame %+v, want a padded chunk", f)
		}
		event, err := base64.StdEncoding.DecodeString(gjson.Get(f.payload, "bytes").Str)
		if err != nil {
			t.Fatal(err)
		}
		text += gjson.GetBytes(event, "delta.text").Str
	}
	last, _ := base64.StdEncoding.DecodeString(gjson.Get(all[len(all)-1].payload, "bytes").Str)
	if !gjson.GetBytes(last, "amazon-bedrock-invocationMetrics").Exists() {
		t.Errorf("the last event is %s, want Bedrock's metrics in it", last)
	}
	if !strings.HasPrefix(text, `You wrote: "Hi".`) {
		t.Errorf("got %q", text)
	}
}

func TestConverseStream(t *testing.T) {
	t.Parallel()
	w := post(newProvider(), nova+"converse-stream", `{"messages":[{"role":"user","content":[{"text":"use a tool"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}}]}}`)
	var kinds, input string
	for _, f := range frames(t, w.Body) {
		if !strings.HasSuffix(kinds, f.event+" ") {
			kinds += f.event + " "
		}
		input += gjson.Get(f.payload, "delta.toolUse.input").Str
	}
	want := "messageStart contentBlockDelta contentBlockStop contentBlockStart contentBlockDelta contentBlockStop messageStop metadata "
	if kinds != want || !gjson.Valid(input) || !gjson.Get(input, "city").Exists() {
		t.Errorf("got frames %s with input %s, want %s", kinds, input, want)
	}
}

// TestThinking: thoughts travel in both directions in Converse's form.
func TestThinking(t *testing.T) {
	t.Parallel()
	asks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := gjson.GetBytes(body, "messages.1.content")
		if got.Get("0.signature").Str != "c2ln" || got.Get("1.data").Str != "YWJj" || got.Get("1.type").Str != "redacted_thinking" {
			t.Errorf("got %s, want both thoughts", got)
		}
		if gjson.GetBytes(body, "stream").Bool() {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, ": comment\n\ndata: {\"type\":\"ping\"}\n\nevent: x\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n"+
				"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm\"}}\n\n"+
				"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n"+
				"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{}}\n\ndata: {\"type\":\"error\",\"error\":{\"type\":\"unheard_of\"}}\n\n")
			return
		}
		_, _ = io.WriteString(w, `{"content":[{"type":"thinking","thinking":"Hm","signature":"c2ln"}],"stop_reason":"refusal","usage":{}}`)
	})
	f := bedrock.New(asks)
	body := `{"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"YWJj"}}]},{"role":"user","content":[{"text":"Go on"}]}]}`
	whole := post(f, nova+"converse", body).Body.Bytes()
	if gjson.GetBytes(whole, "output.message.content.0.reasoningContent.reasoningText.signature").Str != "c2ln" || gjson.GetBytes(whole, "stopReason").Str != "content_filtered" {
		t.Errorf("got %s", whole)
	}
	var all string
	for _, f := range frames(t, post(f, nova+"converse-stream", body).Body) {
		all += f.payload
	}
	for _, want := range []string{`"text":"Hm"`, `"signature":"c2ln"`, `"stopReason":"content_filtered"`, `"inputTokens":3`} {
		if !strings.Contains(all, want) {
			t.Errorf("frames %s, want %s in them", all, want)
		}
	}
}

func TestException(t *testing.T) {
	t.Parallel()
	p := newProvider()
	p.Inject(simprovider.Fault{Effect: fault.StreamError, Chunks: 1})
	all := frames(t, post(p, nova+"converse-stream", hi).Body)
	last := all[len(all)-1]
	if last.message != "exception" || last.exception != "serviceUnavailableException" || gjson.Get(last.payload, "message").Str == "" {
		t.Errorf("the stream ends in %+v, want an exception", last)
	}
}

// TestThrottling: AWS says no more than that: no time to wait, no limits.
func TestThrottling(t *testing.T) {
	t.Parallel()
	p := newProvider()
	p.Inject(simprovider.Fault{Effect: fault.Stuck, RetryAfter: time.Minute})
	for _, operation := range []string{"converse", "converse-stream"} {
		w := post(p, nova+operation, hi)
		if w.Code != 429 || !strings.HasPrefix(w.Header().Get("X-Amzn-Errortype"), "ThrottlingException:") {
			t.Errorf("%s: got %d %v", operation, w.Code, w.Header())
		}
		for name := range w.Header() {
			if name == "Retry-After" || strings.HasPrefix(name, "Anthropic-") {
				t.Errorf("%s: header %s tells what AWS does not", operation, name)
			}
		}
	}
}

// TestStrict: what AWS refuses is refused.
func TestStrict(t *testing.T) {
	t.Parallel()
	user := func(blocks string) string { return `{"messages":[{"role":"user","content":[` + blocks + `]}]}` }
	tests := []struct{ name, path, body, want string }{
		{"no JSON", nova + "converse", `{`, "Malformed"},
		{"no JSON to invoke", claude + "invoke", `{`, "Malformed"},
		{"no version", claude + "invoke", `{"max_tokens":5,"messages":[]}`, "anthropic_version"},
		{"model in the body", claude + "invoke", `{"anthropic_version":"bedrock-2023-05-31","model":"x"}`, "extraneous key [model]"},
		{"unknown beta", claude + "invoke", `{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["oauth-2025-04-20"]}`, "invalid beta flag"},
		{"Claude's own rules", claude + "invoke", `{"anthropic_version":"bedrock-2023-05-31","messages":[]}`, "The model returned the following errors: "},
		{"field of Messages", nova + "converse", `{"messages":[],"max_tokens":5}`, "extraneous key [max_tokens]"},
		{"no messages", nova + "converse", `{"messages":[]}`, "messages field is empty"},
		{"assistant first", nova + "converse", `{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}`, "start with a user"},
		{"one after the other", nova + "converse", `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"user","content":[{"text":"x"}]}]}`, "alternate"},
		{"a role of OpenAI's", nova + "converse", `{"messages":[{"role":"tool","content":[{"text":"x"}]}]}`, "enum value set"},
		{"nothing said", nova + "converse", user(``), "content field"},
		{"blank", nova + "converse", user(`{"text":" "}`), "blank"},
		{"two in one", nova + "converse", user(`{"text":"a","image":{}}`), "exactly one"},
		{"none in one", nova + "converse", user(`{}`), "exactly one"},
		{"unknown block", nova + "converse", user(`{"hologram":{}}`), "hologram"},
		{"document alone", nova + "converse", user(`{"document":{"format":"pdf","name":"a","source":{"bytes":"JVBERi0="}}}`), "beside a document"},
		{"nameless document", nova + "converse", user(`{"text":"a"},{"document":{"format":"txt","source":{"bytes":"eA=="}}}`), "needs a name"},
		{"picture format", nova + "converse", user(`{"image":{"format":"tiff","source":{"bytes":"eA=="}}}`), "tiff"},
		{"cache point first", nova + "converse", user(`{"cachePoint":{"type":"default"}},{"text":"x"}`), "must follow"},
		{"calls without tools", nova + "converse", `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]}]}`, "toolConfig field must be defined"},
		{"no tools in toolConfig", nova + "converse", `{"messages":[{"role":"user","content":[{"text":"x"}]}],"toolConfig":{"tools":[]}}`, "length greater"},
		{"OpenAI's temperature", nova + "converse", `{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"temperature":1.5}}`, "temperature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := post(newProvider(), tt.path, tt.body)
			if got := gjson.Get(w.Body.String(), "message").Str; w.Code != 400 || !strings.Contains(got, tt.want) {
				t.Errorf("got %d %s, want a 400 that says %q", w.Code, w.Body, tt.want)
			}
		})
	}
}

// TestTaken: what AWS takes is taken.
func TestTaken(t *testing.T) {
	t.Parallel()
	body := `{"system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}}],"inferenceConfig":{"maxTokens":50,"temperature":1,"stopSequences":["END"]},
		"messages":[{"role":"user","content":[{"document":{"format":"txt","name":"a","source":{"bytes":"eA=="}}},{"text":"x"}]},
		{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]},
		{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"failed"}],"status":"error"}}]}],
		"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}],"toolChoice":CHOICE},
		"outputConfig":{"textFormat":{"structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"}}}}}`
	for _, choice := range []string{`{"auto":{}}`, `{"any":{}}`, `{"tool":{"name":"f"}}`} {
		w := post(newProvider(), nova+"converse", strings.Replace(body, "CHOICE", choice, 1))
		if w.Code != 200 || w.Header().Get("X-Amzn-Bedrock-Output-Token-Count") == "" {
			t.Errorf("%s: got %d %s", choice, w.Code, w.Body)
		}
	}
	w := post(newProvider(), nova+"converse", `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f"}}]},{"role":"user","content":[{"text":"x"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}}`)
	if w.Code != 400 {
		t.Errorf("a call without input or result: got %d, want a 400 from behind", w.Code)
	}
}

func sign(t *testing.T, r *http.Request, body []byte, service string) {
	t.Helper()
	sum := "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}
	if string(body) != "{}" {
		t.Fatal("the sum is of {}")
	}
	c := aws.Credentials{AccessKeyID: "AKIASIMULATED00001", SecretAccessKey: "k", SessionToken: "t"}
	if err := v4.NewSigner().SignHTTP(t.Context(), c, r, sum, service, "us-east-1", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		service string // signed for; empty for not signed
		change  func(http.Header)
		want    string // exception; "ValidationException" is past the credentials
	}{
		{"signed", "bedrock", func(http.Header) {}, "ValidationException"},
		{"unsigned", "", func(http.Header) {}, "MissingAuthenticationTokenException"},
		{"another scheme", "", func(h http.Header) { h.Set("Authorization", "Basic x") }, "IncompleteSignatureException"},
		{"another service", "execute-api", func(http.Header) {}, "InvalidSignatureException"},
		{"no date", "bedrock", func(h http.Header) { h.Del("X-Amz-Date") }, "IncompleteSignatureException"},
		{"another day", "bedrock", func(h http.Header) { h.Set("X-Amz-Date", "20261123T120000Z") }, "IncompleteSignatureException"},
		{"host unsigned", "bedrock", func(h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), "host;", "", 1))
		}, "InvalidSignatureException"},
		{"token unsigned", "bedrock", func(h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), ";x-amz-security-token", "", 1))
		}, "InvalidSignatureException"},
		{"another body", "bedrock", func(h http.Header) { h.Set("X-Amz-Content-Sha256", "00") }, "InvalidSignatureException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, nova+"converse", strings.NewReader("{}"))
			if tt.service != "" {
				sign(t, r, []byte("{}"), tt.service)
			}
			tt.change(r.Header)
			w := httptest.NewRecorder()
			newProvider().ServeHTTP(w, r)
			if got, _, _ := strings.Cut(w.Header().Get("X-Amzn-Errortype"), ":"); got != tt.want {
				t.Errorf("got %q %s, want %s", got, w.Body, tt.want)
			}
		})
	}
}

func TestUnknownAPIKey(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, nova+"converse", strings.NewReader(hi))
	r.Header.Set("Authorization", "Bearer ABSKunknown")
	w := httptest.NewRecorder()
	newProvider().ServeHTTP(w, r)
	if w.Code != 403 || !strings.HasPrefix(w.Header().Get("X-Amzn-Errortype"), "AccessDeniedException") || !strings.Contains(w.Body.String(), "API Key") {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	w := post(newProvider(), claude+"invoke", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}`)
	if got := gjson.Get(w.Body.String(), "content.0.text").Str; !strings.HasPrefix(got, `You wrote: "Hi".`) {
		t.Errorf("InvokeModel: got %d %s", w.Code, w.Body)
	}
	w = post(newProvider(), nova+"converse", `{"messages":[{"role":"user","content":[{"text":"use a tool"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}`)
	content := gjson.Get(w.Body.String(), "output.message.content")
	if content.Get("0.text").Str == "" || content.Get("1.toolUse.name").Str != "f" || !content.Get("1.toolUse.input").IsObject() {
		t.Errorf("Converse: got %d %s", w.Code, w.Body)
	}
}

// TestCutWhole: an answer that breaks off is not completed by the front.
func TestCutWhole(t *testing.T) {
	t.Parallel()
	p := newProvider()
	p.Inject(simprovider.Fault{Effect: fault.StreamCut})
	server := httptest.NewServer(p)
	defer server.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL+nova+"converse", strings.NewReader(hi))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	resp, err := server.Client().Do(r)
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("got status %d, want a broken connection", resp.StatusCode)
	}
}

func TestOtherAnswers(t *testing.T) {
	t.Parallel()
	if w := post(newProvider(), nova+"dance", hi); w.Code != 404 || !strings.HasPrefix(w.Header().Get("X-Amzn-Errortype"), "UnknownOperationException") {
		t.Errorf("an unknown operation: got %d %v", w.Code, w.Header())
	}
	p := newProvider()
	p.Inject(simprovider.Fault{Effect: fault.TooLargePage})
	if w := post(p, nova+"converse", hi); w.Code != 413 || w.Header().Get("Content-Type") != "text/html" {
		t.Errorf("a proxy's page: got %d %v", w.Code, w.Header())
	}
}

// TestGoneClient: a client that leaves in the middle of its request is not
// answered.
func TestGoneClient(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want http.ErrAbortHandler", got)
		}
	}()
	r := httptest.NewRequest(http.MethodPost, nova+"converse", io.MultiReader(bytes.NewReader([]byte(hi)[:5]), badReader{}))
	r.Header.Set("Authorization", "Bearer "+apiKey)
	newProvider().ServeHTTP(httptest.NewRecorder(), r)
	t.Error("it was answered")
}

type badReader struct{}

func (badReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
