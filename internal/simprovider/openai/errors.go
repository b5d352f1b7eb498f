package openai

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
	Error detail `json:"error"`
}

type detail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// Error is the body of a refusal.
func (Dialect) Error(_ *dialogue.Call, r *dialogue.Refusal) []byte {
	return marshal(failure{detail{r.Message, r.Type, optional(r.Param), optional(r.Code)}})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// OverLimit words what the limiter refused.
func (Dialect) OverLimit(c *dialogue.Call, s quota.Short) *dialogue.Refusal {
	r := &dialogue.Refusal{Status: http.StatusTooManyRequests, Type: "requests", Code: "rate_limit_exceeded", RetryAfter: max(s.Wait, 1), Cause: string(s.Dimension)}
	name := "requests per min (RPM)"
	if s.Dimension != upstream.Requests {
		r.Type, name = "tokens", "tokens per min (TPM)"
	}
	where := fmt.Sprintf("for %s in organization %s on %s: Limit %d", c.Model, c.OrganisationName, name, s.PerMinute)
	if s.Asked > s.PerMinute {
		r.Message = fmt.Sprintf("Request too large %s, Requested %d. The input or output tokens must be reduced in order to run successfully.", where, s.Asked)
		r.RetryAfter = 0
		return r
	}
	r.Message = fmt.Sprintf("Rate limit reached %s, Used %d, Requested %d. Please try again in %s.", where, s.PerMinute-s.Left, s.Asked, span(s.Wait))
	return r
}

// Unauthenticated answers a call whose key is not accepted.
func (Dialect) Unauthenticated(key string) *dialogue.Refusal {
	r := &dialogue.Refusal{Status: http.StatusUnauthorized, Type: "invalid_request_error", Code: "invalid_api_key", Message: "Incorrect API key provided.", Cause: "unauthenticated"}
	if key == "" {
		r.Code, r.Message = "", "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
	}
	return r
}

// NotFound answers a path or a model that does not exist.
func (Dialect) NotFound(what string) *dialogue.Refusal {
	return &dialogue.Refusal{Status: http.StatusNotFound, Type: "invalid_request_error", Message: what, Cause: "invalid"}
}

// Fault words an injected refusal.
func (Dialect) Fault(f fault.Fault, c *dialogue.Call, _ time.Time) *dialogue.Refusal {
	r := refusals[f.Effect]
	r.Message = cmp.Or(f.Message, r.Message)
	r.RetryAfter = f.Wait()
	r.Cause = string(f.Effect)
	return &r
}

// refusals: what OpenAI has no word for is answered with its nearest.
var refusals = map[fault.Effect]dialogue.Refusal{
	fault.Stuck:       {Status: 429, Type: "requests", Code: "rate_limit_exceeded", Message: "Rate limit reached for requests. Please try again later."},
	fault.Ramp:        {Status: 429, Type: "rate_limit_error", Code: "slow_down", Message: "Your request rate is increasing too quickly. Please slow down."},
	fault.Concurrency: {Status: 429, Type: "requests", Code: "rate_limit_exceeded", Message: "Too many concurrent requests."},
	fault.SpendCap:    {Status: 429, Type: "insufficient_quota", Code: "billing_hard_limit_reached", Message: "Billing hard limit has been reached."},
	fault.OwnLimit:    {Status: 429, Type: "insufficient_quota", Code: "organization_spend_limit_exceeded", Message: "Your organization has reached the spend limit that it set."},
	fault.Billing:     {Status: 429, Type: "insufficient_quota", Code: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details."},
	fault.LowCredit:   {Status: 429, Type: "insufficient_quota", Code: "credit_balance_exhausted", Message: "Your credit balance is exhausted."},
	fault.Hold:        {Status: 403, Type: "invalid_request_error", Code: "account_deactivated", Message: "Your account has been deactivated."},
	fault.Revoked:     {Status: 401, Type: "invalid_request_error", Code: "invalid_api_key", Message: "Incorrect API key provided."},
	fault.Forbidden:   {Status: 403, Type: "invalid_request_error", Code: "model_not_found", Message: "Project does not have access to this model."},
	fault.Overloaded:  {Status: 503, Type: "service_unavailable_error", Code: "server_is_overloaded", Message: "The server is currently overloaded. Please try again later."},
	fault.ServerError: {Status: 500, Type: "server_error", Message: "The server had an error while processing your request. Sorry about that!"},
	fault.Unavailable: {Status: 503, Type: "server_error", Message: "The service is temporarily unavailable."},
	fault.Timeout:     {Status: 504, Type: "timeout", Message: "The request timed out."},
	fault.StreamError: {Status: 500, Type: "server_error", Message: "The server had an error processing your request. Sorry about that!"},
}
