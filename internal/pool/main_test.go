package pool_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// More than rapid's 100 by default: interleavings are what these tests are
	// about, and one costs less than a millisecond. The command line wins.
	if err := flag.Set("rapid.checks", "400"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
