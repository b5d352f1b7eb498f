package embedded_test

import (
	"path/filepath"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Table { return embedded.NewMemory() })
}

func TestFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Table {
		return openFile(t, filepath.Join(t.TempDir(), "fallow.db"))
	})
}

// openFile opens a table for the length of the test.
func openFile(t testing.TB, path string) *embedded.File {
	t.Helper()
	file, err := embedded.OpenFile(path, embedded.FileConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}
