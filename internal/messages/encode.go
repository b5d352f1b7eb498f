package messages

import "github.com/fallow-dev/fallow/internal/provider"

// Extended is a dialect that may be sent what Options.Extended allows. Dialects
// that pass a request through are none: whoever is behind them may refuse a field
// that it does not know.
type Extended interface {
	// ReadsExtensions reports whether EncodeChat understands, or ignores, the
	// fields that Options.Extended names.
	ReadsExtensions() bool
}

// Native makes the call in the provider's own form of the API, of r.API: Messages or
// CountTokens; false when d has none. req is r.Body parsed.
//
// Nothing is changed but the model, unless the history holds thinking blocks of
// another model, which this package had made so that they could be told apart: they
// are left out, since Claude would refuse them.
func Native(req *Request, d provider.Dialect, r provider.NativeRequest) (*provider.Call, bool) {
	native, ok := d.(provider.Native)
	if !ok {
		return nil, false
	}
	r.Body = withoutOurs(&req.Document)
	return native.EncodeNative(r)
}

// Encode makes the call that asks r.Model for a message: in the provider's own form
// of the API if d has one, or else by way of Chat Completions. r says what the
// client sent, and req is r.Body parsed. The error, if any, is a *ParamError.
func Encode(req *Request, d provider.Dialect, r provider.NativeRequest) (*provider.Call, error) {
	if call, ok := Native(req, d, r); ok {
		return call, nil
	}
	e, ok := d.(Extended)
	t, err := ToChat(req, Options{Model: r.Model, Extended: ok && e.ReadsExtensions()})
	if err != nil {
		return nil, err
	}
	call, err := d.EncodeChat(t.Request, r.Model)
	if err != nil {
		return nil, err
	}
	call.Dropped = append(t.Dropped, call.Dropped...)
	call.Answer = t.Answer(call.Answer)
	return call, nil
}
