package responses

import (
	"errors"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

// Encode makes the call that asks r.Model of a provider that speaks d. Of r only
// Model and Header are read; the rest is the request's. A dialect that has the
// API gets the client's bytes, less reasoning items that translated answers made
// and OpenAI would refuse; for any other the request is translated.
//
// The error is a *chat.ParamError: the client sent something that cannot be
// honoured there.
func Encode(req *Request, d provider.Dialect, r provider.NativeRequest) (*provider.Call, error) {
	if native, ok := d.(provider.Native); ok {
		r.API, r.Body, r.Stream = provider.Responses, withoutOurs(req), req.Stream
		if call, ok := native.EncodeNative(r); ok {
			return call, nil
		}
	}
	t, err := ToChat(req)
	if err != nil {
		return nil, err
	}
	call, err := d.EncodeChat(t.Chat, r.Model)
	if err != nil {
		return nil, t.blame(err)
	}
	call.Dropped = t.allDropped(call.Dropped)
	call.Answer = &answer{chat: call.Answer, asked: asked{req: req, model: r.Model, tools: t.tools}}
	return call, nil
}

// EncodeCount makes the call that counts the request's input, with r as for
// Encode; false when the provider has no such API.
func EncodeCount(req *Request, d provider.Dialect, r provider.NativeRequest) (*provider.Call, bool) {
	native, ok := d.(provider.Native)
	if !ok {
		return nil, false
	}
	r.API, r.Body, r.Stream = provider.InputTokens, withoutOurs(req), false
	return native.EncodeNative(r)
}

// allDropped adds what the dialect left out, by the names that the client knows.
func (t *Translation) allDropped(byDialect []string) []string {
	names := t.Dropped
	for _, name := range byDialect {
		names = append(names[:len(names):len(names)], t.path(name))
	}
	return names
}

// blame puts the client's own path into a dialect's error.
func (t *Translation) blame(err error) error {
	var p *chat.ParamError
	if !errors.As(err, &p) {
		return err
	}
	return &chat.ParamError{Param: t.path(p.Param), Message: p.Message}
}
