package bedrock

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

// exception is an error of AWS's.
type exception struct {
	status  int
	name    string
	message string
}

func denied(name, message string) *exception {
	return &exception{http.StatusForbidden, name, message}
}

func invalid(message string) *exception {
	return &exception{http.StatusBadRequest, "ValidationException", message}
}

// exceptions are AWS's counterparts of Anthropic's error types. (AWS docs,
// Bedrock API reference, InvokeModel, "Errors".)
var exceptions = map[string]exception{
	"rate_limit_error":      {http.StatusTooManyRequests, "ThrottlingException", "Too many tokens, please wait before trying again."},
	"overloaded_error":      {http.StatusServiceUnavailable, "ServiceUnavailableException", "Bedrock is unable to process your request."},
	"api_error":             {http.StatusInternalServerError, "InternalServerException", "The system encountered an unexpected error during processing. Try your request again."},
	"timeout_error":         {http.StatusRequestTimeout, "ModelTimeoutException", "Model has timed out in processing the request. Try your request again."},
	"authentication_error":  {http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid."},
	"permission_error":      {http.StatusForbidden, "AccessDeniedException", "You don't have access to the model with the specified model ID."},
	"billing_error":         {http.StatusForbidden, "AccessDeniedException", "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided."},
	"not_found_error":       {http.StatusBadRequest, "ValidationException", "The provided model identifier is invalid."},
	"invalid_request_error": {http.StatusBadRequest, "ValidationException", ""}, // with Anthropic's text
}

// exceptionOf is AWS's form of an error of Anthropic's; nil for a body that is
// none, such as a proxy's page.
func exceptionOf(body []byte, bearer bool) *exception {
	e := gjson.GetBytes(body, "error")
	x, ok := exceptions[e.Get("type").Str]
	if !ok {
		return nil
	}
	if x.message == "" {
		x.message = "The model returned the following errors: " + e.Get("message").Str
	}
	if e.Get("type").Str == "authentication_error" && bearer {
		x = exception{http.StatusForbidden, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."}
	}
	return &x
}

func (x *exception) body() []byte { return encode(map[string]string{"message": x.message}) }

func refuse(w http.ResponseWriter, x *exception) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Errortype", x.name+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	h.Set("X-Amzn-Requestid", "00000000-0000-4000-8000-000000000000")
	w.WriteHeader(x.status)
	_, _ = w.Write(x.body()) // a client that is gone needs no error
}

// encode is for values of this package, which always marshal.
func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("bedrock: " + err.Error())
	}
	return out
}
