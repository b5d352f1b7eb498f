package gateway_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if a call, a body or a watchdog outlives its request.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
