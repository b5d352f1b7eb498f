package gateway

import (
	"mime"
	"net/http"
	"net/textproto"
	"strings"
)

// privateHeaders are not for the provider: those of the hop from the client to
// us, credentials, and what names an account or the client's whereabouts. In
// canonical form; one that ends in "-" stands for all that begin so.
var privateHeaders = []string{
	"Connection", "Keep-Alive", "Proxy-", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length",
	"Accept-Encoding", "Expect", // we read the answer, and have the whole body
	"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Cookie", "X-Amz-",
	"Openai-Organization", "Openai-Project", "Anthropic-Organization-Id", "Anthropic-Workspace-Id",
	"X-Fallow-", "X-Forwarded-", "Forwarded", "Via", "X-Real-Ip", "Cf-", "Cloudfront-", "Origin", "Referer", "Sec-",
}

// forProvider is what of a client's headers goes on to a provider.
func forProvider(client http.Header) http.Header {
	h := http.Header{}
	for name, values := range client {
		if !isPrivate(name) && !listed(client["Connection"], name) {
			h[name] = values
		}
	}
	return h
}

func isPrivate(name string) bool {
	for _, private := range privateHeaders {
		if name == private || strings.HasSuffix(private, "-") && strings.HasPrefix(name, private) {
			return true
		}
	}
	return false
}

// listed reports whether a Connection header names a header as its own.
func listed(connection []string, name string) bool {
	for _, line := range connection {
		for token := range strings.SplitSeq(line, ",") {
			if textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(token)) == name {
				return true
			}
		}
	}
	return false
}

// publicHeaders are what of a provider's headers goes on to a client. It is a
// list of those that may pass, since among the others are the names of accounts
// and what is left of their quotas.
var publicHeaders = []string{
	"Content-Type", "Content-Length", "Content-Disposition", "Content-Encoding", "Content-Range", "Accept-Ranges",
	"Cache-Control", "Etag", "Last-Modified",
}

func copyHeader(to, from http.Header) {
	for _, name := range publicHeaders {
		if values, ok := from[name]; ok {
			to[name] = values
		}
	}
}

func isJSON(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "application/json"
}
