package bedrock

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// signed is the Authorization of Signature Version 4. Whether the signature is
// right is not checked: the provider's keys have no secret part.
var signed = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]{16,128})/(\d{8})/[a-z0-9-]+/([a-z-]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$`)

// credentialOf is the key of a request: the id of the access key that signed it,
// or the API key.
func credentialOf(r *http.Request) (string, *exception) {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		return "", denied("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	if isBearer(r) {
		return strings.TrimSpace(authorization[len("bearer "):]), nil
	}
	m := signed.FindStringSubmatch(authorization)
	if m == nil {
		return "", denied("IncompleteSignatureException", "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'.")
	}
	id, date, service, headers := m[1], m[2], m[3], ";"+m[4]+";"
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil || at.Format("20060102") != date:
		return "", denied("IncompleteSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	case service != "bedrock":
		return "", denied("InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'.")
	case !strings.Contains(headers, ";host;") || !strings.Contains(headers, ";x-amz-date;"):
		return "", denied("InvalidSignatureException", "'Host' and 'X-Amz-Date' must be signed headers.")
	case r.Header.Get("X-Amz-Security-Token") != "" && !strings.Contains(headers, ";x-amz-security-token;"):
		return "", denied("InvalidSignatureException", "'X-Amz-Security-Token' must be a signed header.")
	}
	return id, nil
}

func isBearer(r *http.Request) bool {
	const scheme = "bearer "
	a := r.Header.Get("Authorization")
	return len(a) > len(scheme) && strings.EqualFold(a[:len(scheme)], scheme)
}
