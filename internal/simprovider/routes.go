package simprovider

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/anthropic"
	"github.com/fallow-dev/fallow/internal/simprovider/bedrock"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/openai"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// dialect is one wire format. Its methods are pure.
type dialect interface {
	Parse(body []byte, h http.Header) (*dialogue.Prompt, *dialogue.Refusal)

	// What the limiter takes: at first, as a correction, and for output.
	Need(*dialogue.Prompt) quota.Need
	Settle(*dialogue.Prompt, dialogue.Usage) quota.Need
	Produced(tokens int) quota.Need

	Whole(*dialogue.Call, *dialogue.Answer) []byte
	Events(*dialogue.Call, *dialogue.Answer) []dialogue.Event
	List(url.Values) []byte
	One(id string) ([]byte, bool)

	Identity(h http.Header, c *dialogue.Call, took time.Duration)
	Limits(h http.Header, levels []quota.Level, now time.Time)
	RetryAfter(h http.Header, d time.Duration)

	Error(*dialogue.Call, *dialogue.Refusal) []byte
	ErrorEvent(*dialogue.Call, *dialogue.Refusal) []byte
	OverLimit(*dialogue.Call, quota.Short) *dialogue.Refusal
	Unauthenticated(key string) *dialogue.Refusal
	NotFound(what string) *dialogue.Refusal
	Fault(f fault.Fault, c *dialogue.Call, now time.Time) *dialogue.Refusal
}

var (
	_ dialect = anthropic.Dialect{}
	_ dialect = openai.Dialect{}
	_ dialect = openai.Responses{}
	_ dialect = openai.Completions{}
)

func (p *Provider) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", p.handle(p.anthropic, (*exchange).generate))
	mux.HandleFunc("POST /v1/chat/completions", p.handle(p.openai, (*exchange).generate))
	mux.HandleFunc("POST /v1/messages/count_tokens", p.handle(p.anthropic, (*exchange).countTokens))
	mux.Handle("POST /model/", bedrock.New(mux))
	mux.HandleFunc("GET /v1/models", p.either((*exchange).listModels))
	mux.HandleFunc("GET /v1/models/{id...}", p.either((*exchange).oneModel))
	mux.HandleFunc("GET /v1/organizations/rate_limits", p.rateLimits)
	p.openAIRoutes(mux)
	mux.HandleFunc("/", p.either((*exchange).nothing))
	p.control(mux)
	return mux
}

// handle serves a call in one dialect.
func (p *Provider) handle(d dialect, do func(*exchange) *dialogue.Refusal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { p.serve(d, do, w, r) }
}

// either serves a call in the dialect that its headers suggest.
func (p *Provider) either(do func(*exchange) *dialogue.Refusal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var d dialect = p.openai
		if r.Header.Get("anthropic-version") != "" || r.Header.Get("x-api-key") != "" {
			d = p.anthropic
		}
		p.serve(d, do, w, r)
	}
}

func (p *Provider) serve(d dialect, do func(*exchange) *dialogue.Refusal, w http.ResponseWriter, r *http.Request) {
	x := p.begin(d, w, r)
	if bad := x.authenticate(); bad != nil {
		x.refuse(bad)
		return
	}
	if bad := do(x); bad != nil {
		x.refuse(bad)
	}
}

// credentialOf returns the key of a request. Anthropic's SDKs send either
// header and sometimes both, in which case x-api-key is the key.
func credentialOf(h http.Header) string {
	if key := h.Get("x-api-key"); key != "" {
		return key
	}
	scheme, key, _ := strings.Cut(h.Get("authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

func (x *exchange) listModels() *dialogue.Refusal {
	x.json(http.StatusOK, x.dialect.List(x.r.URL.Query()))
	return nil
}

func (x *exchange) oneModel() *dialogue.Refusal {
	body, ok := x.dialect.One(x.r.PathValue("id"))
	if !ok {
		return x.dialect.NotFound("model: " + x.r.PathValue("id"))
	}
	x.json(http.StatusOK, body)
	return nil
}

func (x *exchange) nothing() *dialogue.Refusal {
	return x.dialect.NotFound("Not found: " + x.r.Method + " " + x.r.URL.Path)
}
