package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// connectFault is err's Fault; for what is no answer of the provider's its Code
// says in a word what the network did, for the log. The text that goes with it
// names hosts and addresses, and stays out of lines that everybody reads.
func connectFault(err error) *upstream.Fault {
	fault := upstream.AsFault(err)
	if fault.Class == upstream.Connect && fault.Code == "" {
		fault.Code = networkCause(err)
	}
	return fault
}

// networkCause is why there was no answer, in a word; empty when nobody knows.
func networkCause(err error) string {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return "dns"
	case isTLS(err):
		return "tls"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	}
	return ""
}

// isTLS reports whether the two sides did not come to trust each other, or one
// of them does not speak TLS.
func isTLS(err error) bool {
	var (
		untrusted *tls.CertificateVerificationError
		notTLS    tls.RecordHeaderError
		alert     tls.AlertError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &untrusted) || errors.As(err, &notTLS) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
