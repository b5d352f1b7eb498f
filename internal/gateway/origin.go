package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// fromThisMachine reports whether a program on this machine sent the request:
// not a web page that the operator has open, which comes from here too, and
// nobody behind a proxy here.
func fromThisMachine(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	return isLoopbackHost(r.Host) && !fromWebPage(r) && !wasForwarded(r)
}

// mayBeAnonymous keeps web pages from using a gateway that asks for no key.
// Where none but this machine is served, Host must name it too if a browser
// sent the request: a page can have its own name point here, and is then of one
// origin with us.
func (g *Gateway) mayBeAnonymous(r *http.Request) bool {
	if fromWebPage(r) {
		return false
	}
	return g.cfg.Document.Clients.AllowAnonymous || r.Header.Get("Origin") == "" || isLoopbackHost(r.Host)
}

// fromWebPage reports whether a browser sent the request for a page of another
// origin. Sec-Fetch-Site says so in all present browsers, Origin in older ones
// for anything but a plain GET. Origins that are no web page's, such as a browser
// extension's or a desktop program's, may pass: somebody installed those.
func fromWebPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil {
		return true
	}
	web := u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "" // "null" has none
	return web && u.Host != r.Host
}

func wasForwarded(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}
