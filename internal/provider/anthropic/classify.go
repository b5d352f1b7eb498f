package anthropic

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// refusal is Anthropic's error object, read leniently: whatever is missing or
// of another type is empty.
type refusal struct {
	kind, code, message string
}

func readRefusal(body string) refusal {
	e := gjson.Get(body, "error")
	return refusal{
		kind:    e.Get("type").Str,
		code:    e.Get("details.error_code").Str,
		message: e.Get("message").Str,
	}
}

// Classify understands a refusal. It goes by error_code, then by the few
// texts that are the only sign of their case, then by error.type, then by
// status: from the most particular to the least. Anthropic asks clients not to
// read texts, which are not stable. x-should-retry is not read: it says
// whether the same call may be repeated, which each class here already knows,
// and has been seen as true on refusals that last (Anthropic docs, api/errors).
func (*Dialect) Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	return classify(status, h, body, now)
}

// classifyLate understands an error that came where an answer should have
// been, after status 200: an event of a stream, or a body.
func classifyLate(body []byte, now time.Time) *upstream.Fault {
	return classify(0, nil, body, now)
}

func classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	e := readRefusal(string(body))
	f := &upstream.Fault{
		Class:   classOf(status, h, e),
		Status:  status,
		Type:    e.kind,
		Code:    e.code,
		Message: upstream.Redact(e.message),
	}
	if e.message == "" {
		f.Message = fmt.Sprintf("the provider answered %d without saying why", status)
	}
	if status >= 400 { // the header has been seen on successes, where it means nothing
		f.RetryAfter = provider.RetryAfter(h.Get, now)
	}
	if f.Class == upstream.SpendCap {
		f.Until = spendCapEnd(e, now)
	}
	return f
}

func classOf(status int, h http.Header, e refusal) upstream.Class {
	if c, ok := classByCode(e.code); ok {
		return c
	}
	if c, ok := classByText(status, e.message); ok {
		return c
	}
	if status == http.StatusTooManyRequests && isFast(h) {
		return upstream.FastLimit
	}
	if status == http.StatusForbidden && e.kind == "" {
		// A page that is not Anthropic's own (a proxy, a country block) says
		// nothing about the key, and would say the same to every other one.
		return upstream.Provider
	}
	if c, ok := classByType[e.kind]; ok {
		return c
	}
	return classByStatus(status)
}

// classByCode goes by error.details.error_code. The prefixes are families of
// codes that are still growing.
func classByCode(code string) (upstream.Class, bool) {
	switch code {
	case "ramp_limit_exceeded":
		return upstream.Ramp, true
	case "enforced_spend_limit_reached", "contract_spend_limit_reached":
		return upstream.SpendCap, true
	case "organization_on_hold":
		return upstream.Hold, true
	case "claude_code_key_creator_not_member":
		return upstream.Auth, true // whoever made the key has left: the key is dead
	case "claude_code_version_too_old":
		return upstream.Client, true
	case "compaction_unavailable":
		return upstream.Overload, true
	}
	switch {
	case strings.HasPrefix(code, "linked_organization_"), strings.HasPrefix(code, "user_profile_"):
		return upstream.Billing, true
	case strings.HasPrefix(code, "cmek_"):
		return upstream.Encryption, true
	}
	return "", false
}

// texts are the cases that nothing but the wording tells from an ordinary
// client fault or rate limit. All parts must occur, in lower case.
var texts = [...]struct {
	status int
	parts  []string
	is     upstream.Class
}{
	{400, []string{"reached your specified", "usage limits"}, upstream.SpendCap}, // a limit the customer set himself
	{400, []string{"credit balance is too low"}, upstream.Billing},
	{400, []string{"prompt is too long"}, upstream.Context},
	{400, []string{"exceed context limit"}, upstream.Context},
	{429, []string{"concurrent connections"}, upstream.Concurrency},
}

func classByText(status int, message string) (upstream.Class, bool) {
	for _, t := range texts {
		if t.status == status && upstream.Mentions(message, t.parts) {
			return t.is, true
		}
	}
	return "", false
}

// isFast reports whether the answer describes the buckets of fast mode, which
// only answers to fast requests do.
func isFast(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Anthropic-Fast-") {
			return true
		}
	}
	return false
}

var classByType = map[string]upstream.Class{
	"invalid_request_error": upstream.Client,
	"authentication_error":  upstream.Auth,
	"billing_error":         upstream.Billing,
	"permission_error":      upstream.Permission,
	"not_found_error":       upstream.UnknownModel,
	"request_too_large":     upstream.TooLarge,
	"rate_limit_error":      upstream.RateLimit,
	"conflict_error":        upstream.Client,
	"timeout_error":         upstream.Timeout,
	"api_error":             upstream.Provider,
	"overloaded_error":      upstream.Overload,
}

// classByStatus is the last resort: no body, a proxy's page (413 always comes
// from one), or a type younger than this table. Status 0 is an error event
// inside a stream.
func classByStatus(status int) upstream.Class {
	switch status {
	case http.StatusUnauthorized:
		return upstream.Auth
	case http.StatusPaymentRequired:
		return upstream.Billing
	case http.StatusForbidden:
		return upstream.Permission
	case http.StatusNotFound:
		return upstream.UnknownModel
	case http.StatusRequestTimeout, http.StatusGatewayTimeout, 522, 524: // 52x: the proxy in front
		return upstream.Timeout
	case http.StatusRequestEntityTooLarge:
		return upstream.TooLarge
	case http.StatusTooManyRequests:
		return upstream.RateLimit
	case http.StatusServiceUnavailable, 529:
		return upstream.Overload
	}
	if status >= 400 && status < 500 {
		return upstream.Client
	}
	return upstream.Provider
}
