package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/secret"
)

// client is somebody who may call.
type client struct {
	name  string
	ref   secret.Ref
	batch bool // all that it sends may wait for others
}

// readCredentials parses the references of those who may call.
func (g *Gateway) readCredentials(doc *config.Config) error {
	for _, t := range doc.Clients.Tokens {
		ref, err := secret.ParseRef(t.Secret)
		if err != nil {
			return fmt.Errorf("client token %s: %w", t.Name, err)
		}
		g.clients = append(g.clients, client{t.Name, ref, t.Priority == config.PriorityBatch})
	}
	for i, s := range doc.Clients.EdgeSecrets {
		ref, err := secret.ParseRef(s)
		if err != nil {
			return fmt.Errorf("edge secret %d: %w", i+1, err)
		}
		g.edge = append(g.edge, ref)
	}
	if doc.Admin.Secret == "" {
		return nil
	}
	var err error
	if g.admin, err = secret.ParseRef(doc.Admin.Secret); err != nil {
		return fmt.Errorf("admin secret: %w", err)
	}
	return nil
}

// authenticate returns the client that sent the request.
func (g *Gateway) authenticate(r *http.Request) (client, *apiError) {
	if g.cfg.Document.Clients.Auth == config.AuthNone {
		if !g.mayBeAnonymous(r) {
			return client{}, forbidden("Web pages may not use this gateway without a key: any page you have open could spend the operator's quota.")
		}
		return client{name: "anonymous"}, nil
	}
	sent := tokensOf(r)
	if len(sent) == 0 {
		return client{}, unauthorized("No API key was sent. Send your Fallow key as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\".")
	}
	return g.clientOf(r.Context(), sent)
}

// clientOf returns the client that one of the tokens belongs to. It compares all
// with all, so that the time it takes names nobody.
func (g *Gateway) clientOf(ctx context.Context, sent []secret.Value) (found client, denied *apiError) {
	unsure := false
	for _, c := range g.clients {
		known, err := g.cfg.Secrets.Get(ctx, c.ref)
		// One that is not there is nobody's; of one that could not be read we
		// do not know whose it is.
		unsure = unsure || err != nil && !errors.Is(err, secret.ErrGone)
		if err == nil && anyEqual(sent, known) {
			found = c
		}
	}
	switch {
	case found.name != "":
		return found, nil
	case unsure:
		return client{}, unreadable()
	default:
		return client{}, unauthorized("The API key is not one of this gateway's. Send a Fallow key, not a provider's.")
	}
}

// tokensOf takes the keys from both headers. Some clients send a key of their
// own making in one of them and ours in the other.
func tokensOf(r *http.Request) []secret.Value {
	var sent []secret.Value
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		sent = append(sent, secret.New(strings.TrimSpace(token)))
	}
	sent = append(sent, secret.New(strings.TrimSpace(r.Header.Get("X-Api-Key"))))
	return slices.DeleteFunc(sent, secret.Value.Empty)
}

// anyEqual compares with all that were sent. Empty values are equal to none.
func anyEqual(sent []secret.Value, known secret.Value) bool {
	found := false
	for _, token := range sent {
		found = token.Equal(known) || found
	}
	return found
}
