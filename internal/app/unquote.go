package app

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// unquoting takes the credentials of a request out of the refusal that answers it,
// before anybody can log it or hand it on. Some providers quote what they were
// sent: AWS the whole canonical request, session token included, when a signature
// does not match (AWS docs, IAM, "Troubleshoot Signature Version 4").
// upstream.Redact knows credentials by their form, and those of Azure and AWS have
// none. It stands here, since only the transport has both the request as it was
// signed and every refusal: the gateway's, the job's, those of raw calls.
type unquoting struct{ next http.RoundTripper }

var _ http.RoundTripper = unquoting{}

// maxRefusal bounds what is kept of a refusal; no provider's comes near it.
const maxRefusal = 256 << 10

// RoundTrip implements http.RoundTripper.
func (u unquoting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.next.RoundTrip(r)
	if err != nil || resp.StatusCode < http.StatusBadRequest || r.Method == http.MethodHead {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what there is has to do
	body = unquote(body, r.Header)
	resp.Body, resp.ContentLength, resp.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return resp, nil
}

// CloseIdleConnections is called by http.Client's.
func (u unquoting) CloseIdleConnections() {
	if t, ok := u.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// unquote returns a text without the credentials that were sent in those headers.
func unquote(text []byte, sent http.Header) []byte {
	for _, credential := range credentials(sent) {
		// JSON may be written with escaped slashes, which base64 is full of.
		for _, form := range []string{credential, strings.ReplaceAll(credential, "/", `\/`)} {
			text = bytes.ReplaceAll(text, []byte(form), []byte("[redacted]"))
		}
	}
	return text
}

// leastCredential is the shortest credential that is taken out: a shorter one may
// be an ordinary word of the refusal, and is no secret worth the name.
const leastCredential = 8

// credentials are the secrets in a request's headers, as all dialects send them.
func credentials(sent http.Header) (found []string) {
	for _, name := range []string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key", "X-Amz-Security-Token"} {
		found = append(found, sent.Get(name))
	}
	scheme, value, _ := strings.Cut(sent.Get("Authorization"), " ")
	if scheme == "AWS4-HMAC-SHA256" { // Credential=ID/date/…, SignedHeaders=…, Signature=…
		_, id, _ := strings.Cut(value, "Credential=")
		id, _, _ = strings.Cut(id, "/")
		_, signature, _ := strings.Cut(value, "Signature=")
		found = append(found, id, signature)
	} else {
		found = append(found, value)
	}
	long := found[:0]
	for _, credential := range found {
		if len(credential) >= leastCredential {
			long = append(long, credential)
		}
	}
	return long
}
