package upstream_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestFaultError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault upstream.Fault
		want  string
	}{
		{"with code", upstream.Fault{Class: upstream.RateLimit, Status: 429, Code: "rate_limit_exceeded", Message: "slow"},
			"upstream rate_limit (status 429, rate_limit_exceeded): slow"},
		{"without code", upstream.Fault{Class: upstream.Provider, Status: 500, Message: "oops"},
			"upstream provider (status 500): oops"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.fault.Error(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAsFault(t *testing.T) {
	t.Parallel()
	fault := &upstream.Fault{Class: upstream.Overload, Status: 529}
	if got := upstream.AsFault(fmt.Errorf("calling: %w", fault)); got != fault {
		t.Errorf("wrapped fault: got %v, want the fault itself", got)
	}
	got := upstream.AsFault(errors.New("no route to host"))
	if got.Class != upstream.Connect || got.Message != "no route to host" {
		t.Errorf("other error: got %+v, want class connect and its text", got)
	}
}
