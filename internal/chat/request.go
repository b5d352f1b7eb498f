// Package chat reads Chat Completions requests, the dialect most clients
// speak. A request is parsed once, without being turned into Go structs:
// dialects that pass it through keep its bytes, dialects that translate it
// walk the parsed document and copy raw values, so that what a provider's
// prompt cache depends on keeps its bytes and order.
package chat

import "fmt"

// Request is a parsed, valid Chat Completions request. It is immutable and
// safe for concurrent use.
type Request struct {
	Document
	// Model is the model the client named: a route of the config, not yet an
	// upstream model.
	Model string
	// Stream and IncludeUsage are the fields "stream" and
	// "stream_options.include_usage".
	Stream, IncludeUsage bool
}

// MaxOutput is the most tokens the client will take: max_completion_tokens, or
// else the older max_tokens; 0 when it set neither. When it set both the newer
// one wins, as it does for OpenAI's reasoning models, which know no other.
func (r *Request) MaxOutput() int64 {
	if v := r.Get("max_completion_tokens"); v.Exists() {
		return int64(v.Num)
	}
	return int64(r.Get("max_tokens").Num)
}

// ParamError is a fault of the client in one parameter.
type ParamError struct {
	// Param is the parameter's path as OpenAI writes them:
	// "messages[3].content[0].type". Empty for a fault of the whole body.
	Param string
	// Message says what was wrong and what would be right.
	Message string
}

func (e *ParamError) Error() string {
	if e.Param == "" {
		return e.Message
	}
	return fmt.Sprintf("%s: %s", e.Param, e.Message)
}
