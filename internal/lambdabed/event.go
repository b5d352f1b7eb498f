package lambdabed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	domainPrefix = "fallowlambdabed"
	domain       = domainPrefix + ".lambda-url." + region + ".on.aws"
	// sourceIP stands for every client. It is an address for documentation: a
	// function never meets a client on its own loopback, and must not here.
	sourceIP = "198.51.100.1"
)

var errTooLarge = errors.New("the event is larger than Lambda accepts")

// event is payload format 2.0 (AWS docs, urls-invocation).
type event struct {
	Version     string            `json:"version"`
	RouteKey    string            `json:"routeKey"`
	RawPath     string            `json:"rawPath"`
	RawQuery    string            `json:"rawQueryString"`
	Cookies     []string          `json:"cookies,omitempty"`
	Headers     map[string]string `json:"headers"`
	Query       map[string]string `json:"queryStringParameters,omitempty"`
	Context     eventContext      `json:"requestContext"`
	Body        string            `json:"body,omitempty"`
	BodyEncoded bool              `json:"isBase64Encoded"`
}

type eventContext struct {
	AccountID    string    `json:"accountId"`
	APIID        string    `json:"apiId"`
	DomainName   string    `json:"domainName"`
	DomainPrefix string    `json:"domainPrefix"`
	HTTP         eventHTTP `json:"http"`
	RequestID    string    `json:"requestId"`
	RouteKey     string    `json:"routeKey"`
	Stage        string    `json:"stage"`
	Time         string    `json:"time"`
	TimeEpoch    int64     `json:"timeEpoch"`
}

type eventHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// newEvent turns a request into the event of inv. The error is errTooLarge, or
// that of a client which did not send its body to the end.
func newEvent(r *http.Request, inv *invocation) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestLimit+1))
	if err != nil {
		return nil, err
	}
	ev := event{
		Version: "2.0", RouteKey: "$default",
		RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Query: joined(r.URL.Query(), asIs),
		Headers: eventHeaders(r, inv), Context: newEventContext(r, inv),
	}
	for _, c := range r.Header["Cookie"] {
		ev.Cookies = append(ev.Cookies, strings.Split(c, "; ")...)
	}
	if ev.Body, ev.BodyEncoded = string(body), isBinary(r.Header, body); ev.BodyEncoded {
		ev.Body = base64.StdEncoding.EncodeToString(body)
	}
	return ev.marshal()
}

func (ev event) marshal() ([]byte, error) {
	var payload bytes.Buffer
	enc := json.NewEncoder(&payload)
	enc.SetEscapeHTML(false) // would make some bodies larger than they are on Lambda
	if err := enc.Encode(ev); err != nil {
		return nil, err
	}
	if payload.Len() > requestLimit {
		return nil, errTooLarge
	}
	return payload.Bytes(), nil
}

func newEventContext(r *http.Request, inv *invocation) eventContext {
	now := time.Now().UTC()
	return eventContext{
		AccountID: "anonymous", APIID: domainPrefix, DomainName: domain, DomainPrefix: domainPrefix,
		HTTP: eventHTTP{
			Method: r.Method, Path: r.URL.Path, Protocol: r.Proto,
			SourceIP: sourceIP, UserAgent: r.UserAgent(),
		},
		RequestID: inv.id, RouteKey: "$default", Stage: "$default",
		Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
	}
}

// eventHeaders adds what Lambda's front does.
func eventHeaders(r *http.Request, inv *invocation) map[string]string {
	h := joined(r.Header, strings.ToLower)
	h["host"] = domain
	h["x-amzn-trace-id"] = inv.trace
	h["x-forwarded-for"] = sourceIP
	h["x-forwarded-port"] = "443"
	h["x-forwarded-proto"] = "https"
	return h
}

// joined gives each name one value, as payload 2.0 does.
func joined(values map[string][]string, rename func(string) string) map[string]string {
	flat := make(map[string]string, len(values))
	for name, v := range values {
		flat[rename(name)] = strings.Join(v, ",")
	}
	return flat
}

func asIs(name string) string { return name }

// isBinary says whether Lambda would encode the body: everything but text of
// a few well-known types. The list is what API Gateway's payload 2.0 does; AWS
// documents none for function URLs.
func isBinary(h http.Header, body []byte) bool {
	if len(body) == 0 {
		return false
	}
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case h.Get("Content-Encoding") != "", !utf8.Valid(body):
		return true
	case strings.HasPrefix(kind, "text/"):
		return false
	}
	return kind != "application/json" && kind != "application/javascript" && kind != "application/xml"
}
