package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
)

// TestWhyThereWasNoAnswer is what the line of a request says of its attempts.
func TestWhyThereWasNoAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"refused", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "refused"},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "reset"},
		{"pipe", os.NewSyscallError("write", syscall.EPIPE), "reset"},
		{"no route", os.NewSyscallError("connect", syscall.ENETUNREACH), "no route"},
		{"no such name", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x.example", IsNotFound: true}}, "dns"},
		{"slow name", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, "dns"},
		{"slow connection", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "timeout"},
		{"unknown authority", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "tls"},
		{"another's certificate", x509.HostnameError{Certificate: &x509.Certificate{}}, "tls"},
		{"an alert", fmt.Errorf("remote error: %w", tls.AlertError(40)), "tls"},
		{"no TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "tls"},
		{"closed", io.EOF, "closed"},
		{"something else", errors.New("no idea"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(*http.Request) (*http.Response, error) { return nil, tt.err }})
			w := p.do(t.Context(), "POST", "/v1/files", "x", "X-Fallow-Pool", "main")
			wantAnswer(t, w.Code, w.Body.String(), 502, "upstream_unreachable")
			if e := p.only(t); len(e.Attempts) != 1 || e.Attempts[0].Cause != tt.want {
				t.Errorf("attempts = %+v, want the cause %q", e.Attempts, tt.want)
			}
		})
	}
}

// TestWhyThereWasNoAnswerForReal asks servers that are none, by Go's own client.
func TestWhyThereWasNoAnswerForReal(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	strange := httptest.NewUnstartedServer(http.NotFoundHandler())
	strange.Config.ErrorLog = log.New(io.Discard, "", 0) // it notes the refusal
	strange.StartTLS()
	t.Cleanup(strange.Close)
	for want, base := range map[string]string{"refused": closed.URL, "tls": strange.URL} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			plain := &http.Transport{}
			t.Cleanup(plain.CloseIdleConnections)
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
				out, err := http.NewRequestWithContext(r.Context(), "GET", base, nil)
				if err != nil {
					return nil, err
				}
				return plain.RoundTrip(out)
			}})
			p.do(t.Context(), "POST", "/v1/files", "x", "X-Fallow-Pool", "main")
			if e := p.only(t); len(e.Attempts) != 1 || e.Attempts[0].Cause != want {
				t.Errorf("attempts = %+v, want the cause %q", e.Attempts, want)
			}
		})
	}
}
