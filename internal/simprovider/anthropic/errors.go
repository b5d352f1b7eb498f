package anthropic

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

type failure struct {
	Type      string `json:"type"`
	Error     detail `json:"error"`
	RequestID string `json:"request_id"`
}

type detail struct {
	Type    string            `json:"type"`
	Message string            `json:"message"`
	Details map[string]string `json:"details,omitempty"`
}

// Error is the body of a refusal.
func (Dialect) Error(c *dialogue.Call, r *dialogue.Refusal) []byte {
	e := failure{Type: "error", Error: detail{Type: r.Type, Message: r.Message}, RequestID: "req_" + c.ID}
	if r.Code != "" {
		e.Error.Details = map[string]string{"error_code": r.Code}
	}
	return marshal(e)
}

// OverLimit words what the limiter refused.
func (Dialect) OverLimit(c *dialogue.Call, s quota.Short) *dialogue.Refusal {
	dimension := map[upstream.Dimension]string{
		upstream.Requests: "requests", upstream.InputTokens: "input tokens", upstream.OutputTokens: "output tokens",
	}[s.Dimension]
	return &dialogue.Refusal{
		Status: http.StatusTooManyRequests, Type: "rate_limit_error", RetryAfter: max(s.Wait, 1), Cause: string(s.Dimension),
		Message: fmt.Sprintf("This request would exceed your organization's rate limit of %s %s per minute (org: %s, model: %s). "+
			"For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. "+
			"Please reduce the prompt length or the maximum tokens requested, or try again later.",
			thousands(s.PerMinute), dimension, c.OrganisationID, c.Model),
	}
}

// thousands writes 2000000 as 2,000,000.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// Unauthenticated answers a call whose key is not accepted.
func (Dialect) Unauthenticated(key string) *dialogue.Refusal {
	message := "invalid x-api-key"
	if key == "" {
		message = "x-api-key header is required"
	}
	return &dialogue.Refusal{Status: http.StatusUnauthorized, Type: "authentication_error", Message: message, Cause: "unauthenticated"}
}

// NotFound answers a path or a model that does not exist.
func (Dialect) NotFound(what string) *dialogue.Refusal {
	return &dialogue.Refusal{Status: http.StatusNotFound, Type: "not_found_error", Message: what, Cause: "invalid"}
}

// Fault words an injected refusal; now decides which dates it speaks of.
func (Dialect) Fault(f fault.Fault, c *dialogue.Call, now time.Time) *dialogue.Refusal {
	r := refusals(c, now)[f.Effect]
	r.Message = cmp.Or(f.Message, r.Message)
	r.RetryAfter = f.Wait()
	r.Cause = string(f.Effect)
	return &r
}

func refusals(c *dialogue.Call, now time.Time) map[fault.Effect]dialogue.Refusal {
	until := time.Date(now.UTC().Year(), now.UTC().Month()+1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02 at 15:04 UTC")
	return map[fault.Effect]dialogue.Refusal{
		fault.Stuck:       {Status: 429, Type: "rate_limit_error", Message: "This request would exceed the rate limit for your organization (" + c.OrganisationID + "). Please try again later."},
		fault.Ramp:        {Status: 429, Type: "rate_limit_error", Code: "ramp_limit_exceeded", Message: "This request would exceed your organization's maximum usage increase rate. Your current allowance is 58,276 input tokens per minute and grows to 68,276 at the next minute."},
		fault.Concurrency: {Status: 429, Type: "rate_limit_error", Message: "Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales."},
		fault.SpendCap:    {Status: 429, Type: "rate_limit_error", Code: "enforced_spend_limit_reached", Message: "Your organization has reached its monthly spend limit. Access resumes on " + until + "."},
		fault.OwnLimit:    {Status: 400, Type: "invalid_request_error", Message: "You have reached your specified API usage limits. You will regain access on " + until + "."},
		fault.Billing:     {Status: 402, Type: "billing_error", Message: "There is an issue with your organization's billing or payment information."},
		fault.LowCredit:   {Status: 400, Type: "invalid_request_error", Message: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},
		fault.Hold:        {Status: 400, Type: "invalid_request_error", Code: "organization_on_hold", Message: "This organization has been disabled."},
		fault.Revoked:     {Status: 401, Type: "authentication_error", Message: "invalid x-api-key"},
		fault.Forbidden:   {Status: 403, Type: "permission_error", Message: "Your API key does not have permission to use the specified resource."},
		fault.Overloaded:  {Status: 529, Type: "overloaded_error", Message: "Overloaded"},
		fault.ServerError: {Status: 500, Type: "api_error", Message: "Internal server error"},
		fault.Unavailable: {Status: 503, Type: "api_error", Message: "The service is temporarily unavailable."},
		fault.Timeout:     {Status: 504, Type: "timeout_error", Message: "The request took too long to process. Please try again or use streaming."},
		// Inside a stream, overload is what usually breaks it.
		fault.StreamError: {Status: 529, Type: "overloaded_error", Message: "Overloaded"},
	}
}
