package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/secret"
)

// client is somebody who may call.
type client struct {
	name string
	ref  secret.Ref
}

// readCredentials parses the references of those who may call.
func (g *Gateway) readCredentials(doc *config.Config) error {
	for _, t := range doc.Clients.Tokens {
		ref, err := secret.ParseRef(t.Secret)
		if err != nil {
			return fmt.Errorf("client token %s: %w", t.Name, err)
		}
		g.clients = append(g.clients, client{t.Name, ref})
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

// authenticate returns the name of the client that sent the request.
func (g *Gateway) authenticate(r *http.Request) (string, *apiError) {
	if g.cfg.Document.Clients.Auth == "none" {
		return "anonymous", nil
	}
	token := clientToken(r)
	if token.Empty() {
		return "", unauthorized("No API key was sent. Send your Fallow key as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\".")
	}
	name := ""
	for _, c := range g.clients { // all of them: the time taken names nobody
		known, err := g.cfg.Secrets.Get(r.Context(), c.ref)
		if err == nil && !known.Empty() && token.Equal(known) {
			name = c.name
		}
	}
	if name == "" {
		return "", unauthorized("The API key is not one of this gateway's. Send a Fallow key, not a provider's.")
	}
	return name, nil
}

// clientToken takes the key from either header. Some clients send both.
func clientToken(r *http.Request) secret.Value {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return secret.New(strings.TrimSpace(token))
	}
	return secret.New(strings.TrimSpace(r.Header.Get("X-Api-Key")))
}

// adminOnly lets operators through: those who hold the admin token or, where
// none is configured, programs on this machine.
func (g *Gateway) adminOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := g.authorizeAdmin(r); err != nil {
			writeError(w, err)
			return
		}
		next(w, r)
	}
}

func (g *Gateway) authorizeAdmin(r *http.Request) *apiError {
	if g.cfg.Document.Admin.Secret == "" {
		if g.cfg.LocalAdmin && fromThisMachine(r) {
			return nil
		}
		return forbidden("The admin API is closed: no admin secret is configured. Set admin.secret in the config document.")
	}
	known, err := g.cfg.Secrets.Get(r.Context(), g.admin)
	if err != nil || known.Empty() {
		g.cfg.Log.Error("admin secret unreadable", "error", err)
		return forbidden("The admin API is closed: its secret cannot be read. See /readyz.")
	}
	if !clientToken(r).Equal(known) {
		return unauthorized("This needs the admin token as \"Authorization: Bearer TOKEN\".")
	}
	return nil
}

// fromThisMachine also looks at Host and at what browsers add, so that a web
// page the operator has open cannot reach the admin API in his name.
func fromThisMachine(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return isLoopbackHost(r.Host) && (site == "" || site == "none" || site == "same-origin")
}

func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
