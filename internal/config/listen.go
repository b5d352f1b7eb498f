package config

import (
	"fmt"
	"net"
	"net/netip"
)

// CheckListen refuses to let anybody in by mistake: with clients.auth none,
// addr (host:port as for net.Listen) must be on loopback unless
// allow_anonymous stands beside it. A host name other than localhost counts as
// reachable by all: what it resolves to can change after the check.
func CheckListen(c *Config, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen address %s is not host:port: write 127.0.0.1:8080", show(addr))
	}
	if c.Clients.Auth != AuthNone || c.Clients.AllowAnonymous || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("clients.auth is none, so anybody who reaches %s could spend your keys: "+
		"listen on 127.0.0.1, set clients.auth to tokens, or write allow_anonymous: true beside it", addr)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
