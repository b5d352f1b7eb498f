package peerconfig_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/peerconfig"
)

// samples are configurations in the shapes of each peer's documentation. What
// they hold in clear contains "canary".
func samples(t testing.TB, peer peerconfig.Peer) []string {
	t.Helper()
	extension := ".json"
	if peer == peerconfig.LiteLLM {
		extension = ".yaml"
	}
	paths, err := filepath.Glob(filepath.Join("testdata", string(peer), "*"+extension))
	if err != nil || len(paths) < 3 {
		t.Fatalf("got %d samples of %s, %v", len(paths), peer, err)
	}
	return paths
}

var peers = []peerconfig.Peer{peerconfig.Bifrost, peerconfig.LiteLLM, peerconfig.Portkey}

func TestImport(t *testing.T) {
	t.Parallel()
	for _, peer := range peers {
		for _, path := range samples(t, peer) {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				got, err := importFile(peer, path)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := config.Parse(got.Document, ""); err != nil {
					t.Errorf("not valid:\n%v", err)
				}
				checkGolden(t, strings.TrimSuffix(path, filepath.Ext(path))+".golden", text(got))
			})
		}
	}
}

func importFile(peer peerconfig.Peer, path string) (*peerconfig.Result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return peerconfig.Import(peer, data)
}

// text is a result as a golden file has it.
func text(r *peerconfig.Result) string {
	var b strings.Builder
	b.Write(r.Document)
	b.WriteString("\n--- notes\n")
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s: %s\n", n.Kind, n)
	}
	return b.String()
}

func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	if strings.Contains(strings.ToLower(got), "canary") {
		t.Errorf("a secret was copied:\n%s", got)
	}
	golden.Check(t, path, []byte(got))
}
