package main

import (
	"runtime/debug"
	"slices"
	"strings"
)

// gcPercent lets a server's heap grow to three times what is alive before it is
// collected, where Go's own choice is twice. What is alive are a few MB, so that
// the collector would run dozens of times a second under load. It takes 6 % of
// the processor time off a request of 2 KB and 9 % off one of 90 KB, for some MB
// of memory. 400 took off little more, for 23 MB.
const gcPercent = 200

// collectLess sets that, unless the operator's GOGC says otherwise.
func collectLess(environ []string) {
	said := func(line string) bool { return strings.HasPrefix(line, "GOGC=") }
	if !slices.ContainsFunc(environ, said) {
		debug.SetGCPercent(gcPercent)
	}
}
