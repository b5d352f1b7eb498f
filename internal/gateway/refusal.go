package gateway

import (
	"errors"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// verbatim finds a refusal that goes out in the provider's own words: those about
// the request, to a client who speaks the provider's API. Claude Code, for one,
// goes by their wording. All others speak of our account or in another form.
func (x *exchange) verbatim(err error) (conn, bool) {
	var r *refusedError
	if x.surface.native == nil || !isClients(err) || !errors.As(err, &r) {
		return conn{}, false
	}
	return r.conn, x.surface.native(r.conn.refusal)
}

// isClients reports whether the provider found the request itself at fault.
func isClients(err error) bool {
	var f *upstream.Fault
	if !errors.As(err, &f) {
		return false
	}
	switch f.Class {
	case upstream.Client, upstream.Context, upstream.TooLarge, upstream.UnknownModel:
		return clientStatus(f.Status) == f.Status
	}
	return false
}

// relayRefusal sends a provider's words on, less the names of accounts in them.
func (x *exchange) relayRefusal(c conn) {
	h := x.w.Header()
	h.Set("Content-Type", c.resp.Header.Get("Content-Type"))
	h.Set("X-Should-Retry", "false")
	x.w.WriteHeader(c.resp.StatusCode)
	_, _ = io.WriteString(x.w, upstream.Redact(string(c.refusal)))
}

// isAnthropicError reports whether a body is an error of Anthropic's form.
func isAnthropicError(body []byte) bool {
	e := gjson.ParseBytes(body)
	return e.Get("type").Str == "error" && e.Get("error.message").Str != ""
}

func isAnything(body []byte) bool { return len(body) > 0 }
