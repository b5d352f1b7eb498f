// Package awserror understands the refusals of services that AWS hosts: which
// exception an answer names, what it means for the key, and what of its text a
// client may see.
package awserror

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Classify understands a refusal. It goes by the few texts that are the only
// sign of their case, then by the exception's name, then by status. body may be
// truncated, empty or not JSON.
//
// (AWS docs, Bedrock API reference, "Common errors" and those of InvokeModel,
// Converse; IAM, "Common errors".)
func Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	name := h.Get("X-Amzn-Errortype")
	doc := string(body)
	if name == "" {
		name = first(doc, "__type", "code", "Code")
	}
	f := fault(status, name, first(doc, "message", "Message", "originalMessage"))
	if status >= 400 {
		f.RetryAfter = provider.RetryAfter(h.Get, now)
	}
	return f
}

// Late understands an exception within a stream, whose answer had begun with
// status 200. name is the frame's ":exception-type" or ":error-code".
func Late(name string, body []byte) *upstream.Fault {
	return fault(0, name, first(string(body), "message", "Message", "originalMessage"))
}

func fault(status int, name, message string) *upstream.Fault {
	name = plainName(name)
	f := &upstream.Fault{Class: classOf(status, name, message), Status: status, Type: name, Message: Redact(message)}
	if message == "" {
		f.Message = strings.TrimSpace(fmt.Sprintf("the provider answered %s without saying why", nameOrStatus(name, status)))
	}
	return f
}

func nameOrStatus(name string, status int) string {
	if name != "" {
		return name
	}
	return fmt.Sprint(status)
}

// first returns the first of the fields that holds a text.
func first(doc string, fields ...string) string {
	for _, field := range fields {
		if v := gjson.Get(doc, field); v.Type == gjson.String && v.Str != "" {
			return v.Str
		}
	}
	return ""
}

const maxName = 64

// plainName reduces the spellings of an exception to one. The header appends the
// service's address after a colon, bodies prepend a namespace up to "#", and
// streams begin with a lower-case letter.
func plainName(s string) string {
	s, _, _ = strings.Cut(s, ":")
	s = s[strings.LastIndexByte(s, '#')+1:]
	if len(s) > maxName || strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	}) {
		return ""
	}
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

func classOf(status int, name, message string) upstream.Class {
	if c, ok := classByText(name, message); ok {
		return c
	}
	// Services of the older protocols leave out the ending.
	if c, ok := classByName[strings.TrimSuffix(name, "Exception")]; ok {
		return c
	}
	return classByStatus(status)
}

// classByName goes by the name without "Exception".
var classByName = map[string]upstream.Class{
	"Throttling":           upstream.RateLimit,
	"TooManyRequests":      upstream.RateLimit,
	"ServiceQuotaExceeded": upstream.RateLimit,
	// A 429 that says nothing of the quota: an imported model that is being
	// loaded, for everybody alike.
	"ModelNotReady":      upstream.Overload,
	"ServiceUnavailable": upstream.Overload,
	"InternalServer":     upstream.Provider,
	"InternalFailure":    upstream.Provider,
	"ModelError":         upstream.Provider,
	"ModelStreamError":   upstream.Provider,
	"ModelTimeout":       upstream.Timeout,
	"RequestTimeout":     upstream.Timeout,
	"Validation":         upstream.Client,
	"Conflict":           upstream.Client,
	"Serialization":      upstream.Client,
	"RequestTooLarge":    upstream.TooLarge,
	"ResourceNotFound":   upstream.UnknownModel,
	"UnknownOperation":   upstream.UnknownModel,
	"AccessDenied":       upstream.Permission,
	"OptInRequired":      upstream.Permission,
	// All of these are about the credential, though their status is 403.
	"UnrecognizedClient":         upstream.Auth,
	"InvalidClientTokenId":       upstream.Auth,
	"ExpiredToken":               upstream.Auth,
	"InvalidSignature":           upstream.Auth,
	"SignatureDoesNotMatch":      upstream.Auth,
	"IncompleteSignature":        upstream.Auth,
	"MissingAuthenticationToken": upstream.Auth,
	"NotAuthorized":              upstream.Auth,
}

// texts are the cases that nothing but the wording tells from others of the
// same name. All parts must occur, in lower case.
var texts = [...]struct {
	name  string
	parts []string
	is    upstream.Class
}{
	{"ThrottlingException", []string{"too many connections"}, upstream.Concurrency},
	{"AccessDeniedException", []string{"payment instrument"}, upstream.Billing},
	{"AccessDeniedException", []string{"invalid_payment_instrument"}, upstream.Billing},
	{"AccessDeniedException", []string{"authentication failed"}, upstream.Auth}, // an API key that is wrong
	{"AccessDeniedException", []string{"token has expired"}, upstream.Auth},     // a short-term API key
	{"AccessDeniedException", []string{"api key", "not valid"}, upstream.Auth},
	{"ResourceNotFoundException", []string{"use case details"}, upstream.Permission}, // a form to be filled in first
	{"ValidationException", []string{"operation not allowed"}, upstream.Permission},  // a new account, not yet let in
	{"ValidationException", []string{"model identifier is invalid"}, upstream.UnknownModel},
	{"ValidationException", []string{"on-demand throughput", "supported"}, upstream.UnknownModel}, // wants an inference profile
	{"ValidationException", []string{"input is too long"}, upstream.Context},
	{"ValidationException", []string{"prompt is too long"}, upstream.Context},
	{"ValidationException", []string{"too many input tokens"}, upstream.Context},
	{"ValidationException", []string{"exceed context limit"}, upstream.Context},
	{"ValidationException", []string{"maximum context length"}, upstream.Context},
	{"ValidationException", []string{"exceeds", "context"}, upstream.Context},
}

func classByText(name, message string) (upstream.Class, bool) {
	for _, t := range texts {
		if t.name == name && upstream.Mentions(message, t.parts) {
			return t.is, true
		}
	}
	return "", false
}

// classByStatus is the last resort: a page of a proxy, or a name younger than
// the table. A 403 without a name that we know says nothing of the key: a
// firewall on the way answers so for every key alike. Status 0 is an exception
// within a stream.
func classByStatus(status int) upstream.Class {
	switch status {
	case http.StatusUnauthorized:
		return upstream.Auth
	case http.StatusForbidden:
		return upstream.Provider
	case http.StatusNotFound:
		return upstream.UnknownModel
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return upstream.Timeout
	case http.StatusRequestEntityTooLarge:
		return upstream.TooLarge
	case http.StatusFailedDependency:
		return upstream.Provider
	case http.StatusTooManyRequests:
		return upstream.RateLimit
	case http.StatusServiceUnavailable:
		return upstream.Overload
	}
	if status >= 400 && status < 500 {
		return upstream.Client
	}
	return upstream.Provider
}
