package openai

import (
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// Classify understands a refusal. It goes by code and type, then by the few
// texts that are the only sign of their case, then by status: compatible servers
// agree on statuses far more than on codes.
// (OpenAI docs, guides/error-codes; OpenRouter docs, errors; Groq docs, errors.)
func (d *Dialect) Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	r := readRefusal(body)
	f := r.fault(d.cfg.Rules.classOf(status, r), status)
	if f.Class == upstream.RateLimit && d.cfg.ZeroIsNone && d.cfg.hasNone(h) {
		f.Class = upstream.Permission
	}
	f.RetryAfter = d.cfg.retryAfter(h, r, now)
	return f
}

func (r refusal) fault(class upstream.Class, status int) *upstream.Fault {
	return &upstream.Fault{Class: class, Status: status, Type: strings.Clone(r.kind), Code: strings.Clone(r.code), Message: r.text(status)}
}

// faultIn finds an error in an answer that began as a success. OpenRouter says so
// by a finish_reason as well, and a choice may hold the error.
func (rules Rules) faultIn(doc gjson.Result) *upstream.Fault {
	doc = unwrap(doc)
	if e := doc.Get("error"); (e.IsObject() || e.Type == gjson.String) && !isEmpty(e) {
		return rules.laterFault(refusalIn(doc))
	}
	if choice := doc.Get("choices.0"); choice.Get("finish_reason").Str == "error" {
		return rules.laterFault(refusalIn(choice))
	}
	return nil
}

// faultInEvent takes an event that calls itself an error for one, whatever its
// shape: Groq by the event's name, vLLM by the object's. All shapes have the word,
// which hardly any other event has: to look for it is a tenth of looking for them.
func (rules Rules) faultInEvent(name string, doc gjson.Result) *upstream.Fault {
	if name != "error" && !strings.Contains(doc.Raw, "error") {
		return nil
	}
	if name == "error" || doc.Get("object").Str == "error" {
		return rules.laterFault(refusalIn(unwrap(doc)))
	}
	return rules.faultIn(doc)
}

// laterFault has no status: the answer's own was 200.
func (rules Rules) laterFault(r refusal) *upstream.Fault {
	f := r.fault(rules.classOf(r.status(), r), 0)
	f.RetryAfter = r.retryDelay
	return f
}

// classOf takes status 0 for none.
func (rules Rules) classOf(status int, r refusal) upstream.Class {
	if c, ok := rules.find(status, r); ok {
		return c
	}
	if c, ok := exception(status, r); ok {
		return c
	}
	for _, word := range []string{r.code, r.kind} {
		if c, ok := classByWord[word]; ok {
			return c
		}
	}
	if c, ok := classByText(status, strings.ToLower(r.message)); ok {
		return c
	}
	if status != 0 {
		return classByStatus(status)
	}
	return classInAnswer(r)
}

// find is the class that the server's own rules give.
func (rules Rules) find(status int, r refusal) (upstream.Class, bool) {
	if len(rules) == 0 {
		return "", false
	}
	message := strings.ToLower(r.message)
	for _, rule := range rules {
		switch {
		case rule.Status != 0 && rule.Status != status:
		case rule.Word != "" && rule.Word != r.code && rule.Word != r.kind:
		case !strings.Contains(message, rule.Text):
		default:
			return rule.Class, true
		}
	}
	return "", false
}

// exception are the cases in which a word or status means something else than
// it usually does.
func exception(status int, r refusal) (upstream.Class, bool) {
	switch {
	case status == http.StatusForbidden && r.flagged:
		// The input was refused, not the key: OpenRouter's moderation.
		return upstream.Client, true
	case status == http.StatusForbidden && !r.said():
		// A page that is not the API's own (a firewall, a country block) says
		// nothing about the key and would say the same to every other one.
		return upstream.Provider, true
	case status == http.StatusForbidden:
		// OpenAI's code is model_not_found when a project may not use a model
		// that exists: other keys may.
		return upstream.Permission, true
	case status == http.StatusPaymentRequired && strings.HasPrefix(r.limitSource, "in-flight"):
		// The credit is only held by requests that are under way.
		return upstream.RateLimit, true
	}
	return "", false
}

// classByWord are codes and types that mean the same under every status.
var classByWord = map[string]upstream.Class{
	"insufficient_quota":       upstream.Billing,
	"credit_balance_exhausted": upstream.Billing,
	"billing_not_active":       upstream.Billing,

	"billing_hard_limit_reached":        upstream.SpendCap,
	"organization_spend_limit_exceeded": upstream.SpendCap,
	"organization_usage_limit_exceeded": upstream.SpendCap,
	"project_spend_limit_exceeded":      upstream.SpendCap,

	"slow_down":               upstream.Ramp,
	"server_is_overloaded":    upstream.Overload,
	"engine_overloaded_error": upstream.Overload, // Moonshot, with status 429
	"overloaded_error":        upstream.Overload,
	"overloaded":              upstream.Overload, // Hugging Face
	"invalid_api_key":         upstream.Auth,
	"context_length_exceeded": upstream.Context,
	"model_not_found":         upstream.UnknownModel,
	"DeploymentNotFound":      upstream.UnknownModel, // Azure
}

// texts are the cases that nothing but the wording tells from an ordinary
// refusal of the same status. They are in lower case.
var texts = []struct {
	status int
	text   string
	class  upstream.Class
}{
	{400, "maximum context length", upstream.Context},               // vLLM, Mistral, OpenRouter
	{400, "maximum prompt length", upstream.Context},                // xAI
	{400, "exceeds the available context size", upstream.Context},   // llama.cpp
	{400, "exceeds the maximum number of tokens", upstream.Context}, // Gemini
	{400, "incorrect api key", upstream.Auth},                       // xAI
	{400, "api key not valid", upstream.Auth},                       // Gemini
	{404, "model", upstream.UnknownModel},                           // Ollama, vLLM, Gemini
	{404, "no endpoints found", upstream.UnknownModel},              // OpenRouter
	{429, "concurren", upstream.Concurrency},                        // Moonshot, Z.ai
}

func classByText(status int, message string) (upstream.Class, bool) {
	for _, t := range texts {
		if t.status == status && strings.Contains(message, t.text) {
			return t.class, true
		}
	}
	return "", false
}

// classByStatus decides when nothing in the body did.
func classByStatus(status int) upstream.Class {
	switch status {
	case http.StatusUnauthorized:
		return upstream.Auth
	case http.StatusPaymentRequired:
		return upstream.Billing
	case http.StatusRequestTimeout, http.StatusGatewayTimeout, 522, 524: // 52x: Cloudflare
		return upstream.Timeout
	case http.StatusRequestEntityTooLarge:
		return upstream.TooLarge
	case http.StatusTooManyRequests:
		return upstream.RateLimit
	case http.StatusServiceUnavailable, 529, 498: // 498: Groq's flex tier is full
		return upstream.Overload
	}
	if 400 <= status && status < 500 {
		return upstream.Client
	}
	return upstream.Provider
}

// classInAnswer decides for an error inside an answer, which has no status.
func classInAnswer(r refusal) upstream.Class {
	for _, word := range []string{r.code, r.kind} {
		if c, ok := classInStream[word]; ok {
			return c
		}
		// invalid_prompt, invalid_image_url, invalid_image_format …
		if strings.HasPrefix(word, "invalid_") {
			return upstream.Client
		}
	}
	return upstream.Provider
}

var classInStream = map[string]upstream.Class{
	"rate_limit_exceeded":   upstream.RateLimit,
	"rate_limit_error":      upstream.RateLimit,
	"invalid_request_error": upstream.Client,
	"authentication_error":  upstream.Auth,
	"permission_error":      upstream.Permission,
	"timeout":               upstream.Timeout,
	"too_many_requests":     upstream.RateLimit, // Azure

	// What Responses finds wrong with the input. (OpenAI's specification,
	// ResponseErrorCode.)
	"image_too_large":                upstream.Client,
	"image_too_small":                upstream.Client,
	"image_parse_error":              upstream.Client,
	"image_content_policy_violation": upstream.Client,
	"image_file_too_large":           upstream.Client,
	"image_file_not_found":           upstream.Client,
	"unsupported_image_media_type":   upstream.Client,
	"empty_image_file":               upstream.Client,
	"failed_to_download_image":       upstream.Client,
}
