package app

import "crypto/x509"

// Trust reads the certificates that TLS trusts, which the first connection
// would do otherwise: milliseconds of processor time for some 140 of them. On
// Lambda a start has more of the processor than requests of a small function
// have (AWS does not document how much), and the first request is the quicker
// for it; docs/benchmarks has figures.
func Trust() {
	// The pool returned is a copy; what counts is that the process has read its
	// own. What could not be read, the first connection says.
	_, _ = x509.SystemCertPool()
}
