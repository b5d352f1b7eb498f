package awsfront_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/awsfront"
	"github.com/fallow-dev/fallow/internal/golden"
)

// describe writes down all that a handler can see of a request.
func describe(r *http.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\nhost %s\nfrom %s\npath %q\nquery %v\nlength %d\n",
		r.Method, r.RequestURI, r.Proto, r.Host, r.RemoteAddr, r.URL.Path, r.URL.Query(), r.ContentLength)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
	}
	for _, c := range r.Cookies() {
		fmt.Fprintf(&b, "cookie %s = %s\n", c.Name, c.Value)
	}
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(&b, "\n%s\n%v\n", body, err)
	return b.String()
}

func TestSampleEventsBecomeRequests(t *testing.T) {
	for _, name := range []string{"healthz", "chat-completion", "chat-completion-base64", "cookies-and-query", "claude-code-messages"} {
		t.Run(name, func(t *testing.T) {
			got := ""
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = describe(r) })
			call(t, awsfront.Config{Handler: h}, event(t, name))
			golden.Check(t, filepath.Join("testdata", name+".golden"), []byte(got))
		})
	}
}

func TestBase64BodyIsTheSameRequest(t *testing.T) {
	read := func(name string) (body string, length int64) {
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			body, length = string(raw), r.ContentLength
		})
		call(t, awsfront.Config{Handler: h}, event(t, name))
		return body, length
	}
	plain, plainLength := read("chat-completion")
	encoded, encodedLength := read("chat-completion-base64")
	if plain != encoded || plainLength != encodedLength {
		t.Errorf("got %d bytes %q, want %d bytes %q", encodedLength, encoded, plainLength, plain)
	}
	if int(plainLength) != len(plain) {
		t.Errorf("got ContentLength %d for a body of %d bytes", plainLength, len(plain))
	}
}

func TestRequestDetails(t *testing.T) {
	tests := []struct {
		name   string
		change func(ev *urlEvent)
		get    func(r *http.Request) string
		want   string
	}{
		{"no body", func(ev *urlEvent) { ev.Body = "" }, func(r *http.Request) string { return fmt.Sprint(r.Body == http.NoBody) }, "true"},
		{"host falls back to the domain", func(ev *urlEvent) { delete(ev.Headers, "host") }, func(r *http.Request) string { return r.Host }, "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6.lambda-url.us-east-1.on.aws"},
		{"IPv6 caller", func(ev *urlEvent) { ev.RequestContext.HTTP.SourceIP = "2001:db8::7" }, func(r *http.Request) string { return r.RemoteAddr }, "[2001:db8::7]:0"},
		{"unknown caller", func(ev *urlEvent) { ev.RequestContext.HTTP.SourceIP = "" }, func(r *http.Request) string { return r.RemoteAddr }, "0.0.0.0:0"},
		{"nobody is on loopback", func(ev *urlEvent) { ev.RequestContext.HTTP.SourceIP = "127.0.0.1" }, func(r *http.Request) string { return r.RemoteAddr }, "0.0.0.0:0"},
		{"nor on mapped loopback", func(ev *urlEvent) { ev.RequestContext.HTTP.SourceIP = "::ffff:127.0.0.1" }, func(r *http.Request) string { return r.RemoteAddr }, "0.0.0.0:0"},
		{"broken escape is literal", func(ev *urlEvent) { ev.RawPath = "/a%zz" }, func(r *http.Request) string { return r.URL.Path }, "/a%zz"},
		{"two slashes are no host", func(ev *urlEvent) { ev.RawPath = "//evil/x" }, func(r *http.Request) string { return r.URL.Host + "|" + r.URL.Path }, "|//evil/x"},
		{"escaped slash survives", func(ev *urlEvent) { ev.RawPath = "/a%2Fb" }, func(r *http.Request) string { return r.URL.EscapedPath() }, "/a%2Fb"},
		{"invocation id", func(*urlEvent) {}, func(r *http.Request) string { return r.Header.Get(awsfront.InvocationHeader) }, invocationID},
		{"forged invocation id", func(ev *urlEvent) { ev.Headers["x-amzn-requestid"] = "forged" }, func(r *http.Request) string { return r.Header.Get(awsfront.InvocationHeader) }, invocationID},
		{"trace of the URL wins", func(*urlEvent) {}, func(r *http.Request) string { return r.Header.Get("X-Amzn-Trace-Id") }, "Root=1-6921a2b3-4c5d6e7f8091a2b3c4d5e6f7"},
		{"trace of the runtime", func(ev *urlEvent) { delete(ev.Headers, "x-amzn-trace-id") }, func(r *http.Request) string { return r.Header.Get("X-Amzn-Trace-Id") }, "Root=1-of-the-runtime"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev, got := event(t, "healthz"), ""
			tt.change(ev)
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = tt.get(r) })
			call(t, awsfront.Config{Handler: h}, ev)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEventsThatNoHandlerSees(t *testing.T) {
	tests := []struct {
		name string
		ev   func(t *testing.T) *urlEvent
	}{
		{"a schedule's event", func(t *testing.T) *urlEvent { return event(t, "rebalance") }},
		{"a body that is not base64", func(t *testing.T) *urlEvent {
			ev := event(t, "chat-completion-base64")
			ev.Body = "%%%"
			return ev
		}},
		{"no path", func(t *testing.T) *urlEvent {
			ev := event(t, "healthz")
			ev.RawPath = ""
			return ev
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
			res := call(t, awsfront.Config{Handler: h}, tt.ev(t))
			if res.StatusCode != http.StatusBadRequest {
				t.Errorf("got status %d, want 400", res.StatusCode)
			}
			checkError(t, res, "invalid_event", invocationID)
		})
	}
}
