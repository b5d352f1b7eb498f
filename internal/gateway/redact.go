package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/redact"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// held are the credentials of this gateway: of providers, clients and operators.
func (g *Gateway) held(ctx context.Context) []string {
	var held []string
	for _, ref := range g.references() {
		if ref.Scheme == secret.SchemeAWS {
			continue // it stands for credentials that are not ours to read
		}
		if v, err := g.cfg.Secrets.Get(ctx, ref); err == nil {
			held = append(held, v.Reveal())
		}
	}
	return held
}

// redacted is a text of a provider's or of the network's, fit for the log.
func (g *Gateway) redacted(ctx context.Context, text string) string {
	text = upstream.Redact(text)
	text, _ = g.redactor.Mask(redact.Excerpt{Text: text, To: len(text)}, g.held(ctx))
	return text
}

// noteCause tells at debug level why a request failed.
func (x *exchange) noteCause(err error) {
	if log := x.g.cfg.Log; log.Enabled(x.ctx(), slog.LevelDebug) {
		log.Debug("request failed", "request_id", x.event.ID, "error", x.cause(err))
	}
}

// cause is why a request failed, for the log. What a provider says may quote the
// prompt, and so may what we say of a bad parameter: their words are there only
// if the route logs prompts. Without them the class and the code have to do; the
// client was told the rest.
func (x *exchange) cause(err error) string {
	var (
		fault *upstream.Fault
		param *chat.ParamError
		api   *apiError
	)
	switch {
	case x.tap.hearsPrompts():
	case errors.As(err, &fault) && fault.Class != upstream.Connect:
		return fmt.Sprintf("upstream %s (status %d)", fault.Class, fault.Status)
	case errors.As(err, &param), errors.As(err, &api):
		return errorFor(err).code
	}
	return x.g.redacted(x.ctx(), err.Error())
}
