package peerconfig_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/peerconfig"
)

func FuzzBifrost(f *testing.F) { fuzz(f, peerconfig.Bifrost) }
func FuzzLiteLLM(f *testing.F) { fuzz(f, peerconfig.LiteLLM) }
func FuzzPortkey(f *testing.F) { fuzz(f, peerconfig.Portkey) }

// fuzz wants every text to give a valid document or an error that is not
// about the document that was made.
func fuzz(f *testing.F, peer peerconfig.Peer) {
	for _, path := range samples(f, peer) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("{}")
	f.Add(`{"a": [null, true, 1e999, "x"], "model_list": 5, "providers": [], "targets": {}}`)
	f.Fuzz(func(t *testing.T, text string) {
		result, err := peerconfig.Import(peer, []byte(text))
		var faults config.Faults
		if errors.As(err, &faults) && !tooLarge(faults) {
			t.Fatal(err)
		}
		for _, n := range result.Notes {
			if n.Text == "" || strings.ContainsAny(n.String(), "\r\n\x1b") {
				t.Errorf("not a line for a terminal: %q", n)
			}
		}
	})
}

// tooLarge knows the one fault that a right document can have.
func tooLarge(faults config.Faults) bool {
	return strings.HasPrefix(faults[0].Message, "the document is larger than") ||
		strings.HasPrefix(faults[0].Message, "the document has more than")
}
