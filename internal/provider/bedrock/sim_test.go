package bedrock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/bedrock"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	accessKey = "AKIASIMULATED00001"
	claude    = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	nova      = "amazon.nova-pro-v1:0"
)

// rig is the dialect before a simulated Bedrock.
type rig struct {
	t       *testing.T
	sim     *simprovider.Provider
	server  *httptest.Server
	dialect *bedrock.Dialect
	key     string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	sim := simprovider.New(simprovider.Config{
		Organisations: []simprovider.Organisation{{Name: "account", Keys: []string{accessKey, "ABSKsimulated"}, Limits: simprovider.Roomy}},
		Models:        []string{"claude-amazon.*"},
	})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return &rig{t: t, sim: sim, server: server, dialect: bedrock.New(bedrock.Config{Region: "us-east-1"}), key: accessKey + ":secret"}
}

// ask sends a request as the gateway does and returns what the client would get.
func (r *rig) ask(model, body string) (string, upstream.Usage, error) {
	r.t.Helper()
	req, err := chat.Parse([]byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	call, err := r.dialect.EncodeChat(req, model)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.send(call)
}

func (r *rig) send(call *provider.Call) (string, upstream.Usage, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	hr, err := http.NewRequestWithContext(ctx, call.Method, r.server.URL+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		r.t.Fatal(err)
	}
	hr.Header = call.Header.Clone()
	r.dialect.Authorize(hr, secret.New(r.key))
	resp, err := r.server.Client().Do(hr)
	if err != nil {
		return "", upstream.Usage{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			r.t.Fatal(err)
		}
		return "", upstream.Usage{}, r.dialect.Classify(resp.StatusCode, resp.Header, body, time.Now())
	}
	if call.Stream {
		return readStream(call.Answer.Stream(resp.Body))
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", upstream.Usage{}, err
	}
	reply, err := call.Answer.Whole(body)
	return string(reply.Body), reply.Usage, err
}

// readStream joins the pieces of content and arguments; a good end gives no error.
func readStream(s provider.Stream) (string, upstream.Usage, error) {
	var out strings.Builder
	for {
		chunk, err := s.Next()
		if errors.Is(err, io.EOF) {
			return out.String(), s.Usage(), nil
		}
		if err != nil {
			return out.String(), s.Usage(), err
		}
		delta := gjson.GetBytes(chunk.Data, "choices.0.delta")
		out.WriteString(delta.Get("content").Str + delta.Get("tool_calls.0.function.arguments").Str)
		out.WriteString(gjson.GetBytes(chunk.Data, "delta.text").Str) // of Messages
	}
}

const (
	plain = `{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello there"}]`
	calls = `{"model":"m","messages":[{"role":"user","content":"weather?"}],"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`
	loop  = `{"model":"m","messages":[{"role":"user","content":"weather?"},
		{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]},
		{"role":"tool","tool_call_id":"call_1","content":"20 degrees"}]`
	media = `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQK"}},
		{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}]`
)

// TestConversations: each request is answered in both wire formats, whole and as
// a stream, with the same words.
func TestConversations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tests := []struct{ name, body, want string }{
		{"text", plain, `You wrote: \"Hello there\".`},
		{"a call", calls, `{\"city\":`},
		{"after a call", loop, `The tool answered: \"20 degrees\".`},
		{"image and document", media, "I was given"},
	}
	for _, tt := range tests {
		for _, model := range []string{claude, nova} {
			t.Run(tt.name+" "+model, func(t *testing.T) {
				t.Parallel()
				whole, usage, err := r.ask(model, tt.body+`}`)
				if err != nil || !strings.Contains(whole, tt.want) || !usage.Exact || usage.OutputTokens == 0 {
					t.Fatalf("got %s, %+v, %v; want %s in it", whole, usage, err, tt.want)
				}
				streamed, streamUsage, err := r.ask(model, tt.body+`,"stream":true}`)
				message := gjson.Get(whole, "choices.0.message")
				want := message.Get("content").Str + message.Get("tool_calls.0.function.arguments").Str
				if err != nil || streamed != want {
					t.Errorf("streamed %q, %v; whole it was %q", streamed, err, want)
				}
				if streamUsage.OutputTokens != usage.OutputTokens || !streamUsage.Exact {
					t.Errorf("streamed with usage %+v, whole with %+v", streamUsage, usage)
				}
			})
		}
	}
}

// TestNative: clients of Messages reach every model in their own form.
func TestNative(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, model := range []string{claude, nova} {
		for _, stream := range []bool{false, true} {
			call, ok := r.dialect.EncodeNative(provider.NativeRequest{
				API: provider.Messages, Model: model, Stream: stream,
				Body: []byte(`{"model":"m","max_tokens":100,"stream":` + strconv.FormatBool(stream) + `,"messages":[{"role":"user","content":"Hi"}]}`),
			})
			if !ok {
				t.Fatalf("%s: declined", model)
			}
			got, usage, err := r.send(call)
			if err != nil || !usage.Exact || usage.OutputTokens == 0 {
				t.Fatalf("%s: got %s, %+v, %v", model, got, usage, err)
			}
			if want := "You wrote: "; !strings.Contains(got, want) {
				t.Errorf("%s (stream %v): got %s, want %s in it", model, stream, got, want)
			}
		}
	}
}

// TestAPIKey: a Bedrock API key does as well as a signature.
func TestAPIKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.key = "ABSKsimulated"
	if got, _, err := r.ask(nova, plain+`}`); err != nil || !strings.Contains(got, "Hello there") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		key    string
		effect fault.Effect
		model  string
		want   upstream.Class
	}{
		{"throttled", "", fault.Stuck, nova, upstream.RateLimit},
		{"overloaded", "", fault.Overloaded, claude, upstream.Overload},
		{"server error", "", fault.ServerError, nova, upstream.Provider},
		{"too slow", "", fault.Timeout, nova, upstream.Timeout},
		{"no access", "", fault.Forbidden, claude, upstream.Permission},
		{"unpaid", "", fault.Billing, nova, upstream.Billing},
		{"a proxy's page", "", fault.TooLargePage, nova, upstream.TooLarge},
		{"unknown access key", "AKIAUNKNOWN0000001:secret", "", nova, upstream.Auth},
		{"unknown API key", "ABSKunknown", "", nova, upstream.Auth},
		{"unknown model", "", "", "meta.unknown-v1:0", upstream.UnknownModel},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if tt.key != "" {
				r.key = tt.key
			}
			if tt.effect != "" {
				r.sim.Inject(simprovider.Fault{Effect: tt.effect})
			}
			for _, end := range []string{`}`, `,"stream":true}`} {
				_, _, err := r.ask(tt.model, plain+end)
				var f *upstream.Fault
				if !errors.As(err, &f) || f.Class != tt.want || f.RetryAfter != 0 {
					t.Errorf("got %v, want class %s without a time to wait", err, tt.want)
				}
			}
		})
	}
}

// TestDisturbances: a stream that breaks never ends well.
func TestDisturbances(t *testing.T) {
	t.Parallel()
	tests := []struct {
		effect fault.Effect
		want   upstream.Class // empty for an error of the connection
	}{
		{fault.StreamError, upstream.Overload},
		{fault.StreamEnd, upstream.Truncated},
		{fault.StreamCut, upstream.Truncated},
	}
	for _, tt := range tests {
		for _, model := range []string{claude, nova} {
			t.Run(string(tt.effect)+" "+model, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.sim.Inject(simprovider.Fault{Effect: tt.effect, Chunks: 2})
				text, usage, err := r.ask(model, plain+`,"stream":true}`)
				var f *upstream.Fault
				if !errors.As(err, &f) || f.Class != tt.want || usage.Exact || text == "" {
					t.Errorf("got %q, %+v, %v, want a beginning and class %s", text, usage, err, tt.want)
				}
			})
		}
	}
}

// TestLimits: the account's quota is the simulated provider's own.
func TestLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sim.Inject(simprovider.Fault{Effect: fault.Shrink, Factor: 1e-9})
	_, _, err := r.ask(nova, plain+`}`)
	var f *upstream.Fault
	if !errors.As(err, &f) || f.Class != upstream.RateLimit || f.Type != "ThrottlingException" {
		t.Errorf("got %v, want a ThrottlingException", err)
	}
}
