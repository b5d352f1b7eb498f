package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// checkBaseURL wants what a path can be appended to, and where a credential
// may be sent to: over http only to hosts of a private network, since it
// travels there in clear.
func checkBaseURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("is not an absolute URL: write https://host/path")
	case u.User != nil:
		return errors.New("holds a user or password: credentials belong into keys")
	case strings.ContainsAny(s, "?#"):
		return errors.New("has a query or fragment: remove it, paths are appended to the URL")
	case u.Hostname() == "" || strings.ContainsAny(s, " \t\r\n,;\"'<>\\"):
		return errors.New("holds characters that no URL has: write https://host/path")
	case u.Scheme == "http" && !isPrivate(u.Hostname()):
		return errors.New("would send keys in clear: write https:// (http:// is for hosts of your own network)")
	}
	return nil
}

// checkAnthropicURL knows that clients for OpenAI want the version in the URL
// and that those for Anthropic do not.
func checkAnthropicURL(s string) error {
	if trimmed, ok := strings.CutSuffix(strings.TrimRight(s, "/"), "/v1"); ok {
		return fmt.Errorf("ends in /v1, which is added for this provider: write %s", show(trimmed))
	}
	return nil
}

// isPrivate reports whether a host can only be one of a private network: an
// address of one, a name without a dot (a container beside this one), or a
// name below a domain reserved for that (RFC 6761, RFC 6762, ICANN's .internal).
func isPrivate(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback() || ip.Unmap().IsPrivate()
	}
	dot := strings.LastIndexByte(host, '.')
	switch host[dot+1:] {
	case "localhost", "local", "internal":
		return true
	}
	return dot < 0
}
