//go:build pprof

package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof" // whose import is what the tag is for
	"os"
)

// A binary built with this tag, and no other, tells its profiles at the address
// in FALLOW_PPROF. They show what is in memory: it must be a loopback address.
func init() {
	addr := os.Getenv("FALLOW_PPROF")
	if addr == "" {
		return
	}
	go func() { fmt.Fprintln(os.Stderr, "pprof:", http.ListenAndServe(addr, nil)) }()
}
