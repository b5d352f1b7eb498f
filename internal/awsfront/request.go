package awsfront

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

const (
	// InvocationHeader carries Lambda's id of the invocation to the handler.
	// A value the client sent under this name never gets through.
	InvocationHeader = "X-Amzn-Requestid"

	traceHeader = "X-Amzn-Trace-Id"
)

// newRequest builds the request a server would have read from the wire.
func newRequest(ctx context.Context, ev *events.LambdaFunctionURLRequest) (*http.Request, error) {
	call := ev.RequestContext.HTTP
	if call.Method == "" || !strings.HasPrefix(ev.RawPath, "/") {
		return nil, errors.New("the event has no HTTP method or no path: this function answers a function URL (payload version 2.0) only")
	}
	body, err := readBody(ev)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: call.Method, URL: requestURL(ev), RequestURI: requestURI(ev),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header(ctx, ev), Host: ev.RequestContext.DomainName,
		RemoteAddr: remoteAddr(call.SourceIP),
		Body:       http.NoBody, ContentLength: int64(len(body)),
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host") // as net/http does
	return r.WithContext(ctx), nil
}

func readBody(ev *events.LambdaFunctionURLRequest) ([]byte, error) {
	if !ev.IsBase64Encoded {
		return []byte(ev.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(ev.Body)
	if err != nil {
		return nil, fmt.Errorf("the event's body is said to be base64 and is not: %w", err)
	}
	return body, nil
}

func requestURI(ev *events.LambdaFunctionURLRequest) string {
	if ev.RawQueryString == "" {
		return ev.RawPath
	}
	return ev.RawPath + "?" + ev.RawQueryString
}

// requestURL keeps the client's escaping. A path that cannot be unescaped is
// taken literally: to find nothing there is the router's business.
func requestURL(ev *events.LambdaFunctionURLRequest) *url.URL {
	if u, err := url.ParseRequestURI(requestURI(ev)); err == nil {
		return u
	}
	return &url.URL{Path: ev.RawPath, RawQuery: ev.RawQueryString}
}

// header copies the event's headers. Lambda has joined repeated ones with
// commas already, and put cookies aside.
func header(ctx context.Context, ev *events.LambdaFunctionURLRequest) http.Header {
	h := make(http.Header, len(ev.Headers)+3)
	for name, value := range ev.Headers {
		h.Set(name, value)
	}
	if len(ev.Cookies) > 0 {
		h.Set("Cookie", strings.Join(ev.Cookies, "; "))
	}
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok && h.Get(traceHeader) == "" {
		h.Set(traceHeader, trace)
	}
	h.Del(InvocationHeader)
	if id := invocationID(ctx); id != "" {
		h.Set(InvocationHeader, id)
	}
	return h
}

// remoteAddr is an address and port that netip.ParseAddrPort accepts. Lambda
// reports no port, hence 0. Nobody is on the loopback of a Lambda function:
// who may invoke it directly and claims to be gets no address, so that
// handlers may trust loopback callers in both modes.
func remoteAddr(sourceIP string) string {
	ip, err := netip.ParseAddr(sourceIP)
	if err != nil || ip.Unmap().IsLoopback() {
		ip = netip.IPv4Unspecified()
	}
	return net.JoinHostPort(ip.String(), "0")
}
