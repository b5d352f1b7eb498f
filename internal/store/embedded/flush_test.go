package embedded

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/fallow-dev/fallow/internal/store"
)

// A disk that fails must neither stop the table nor make it forget what it has
// still to write.
func TestFlushThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []error
		file, err := OpenFile(filepath.Join(t.TempDir(), "fallow.db"), FileConfig{
			FlushEvery: time.Minute, OnError: func(err error) { told = append(told, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := file.db.Close(); err != nil { // stands for the failing disk
			t.Fatal(err)
		}
		key := store.Key{Partition: "p", Sort: "s"}
		if _, err := file.Update(t.Context(), key, store.Change{Do: []store.Assign{store.Set("n", store.Num(1))}}); err != nil {
			t.Errorf("Update: %v", err)
		}
		time.Sleep(2*time.Minute + time.Second) // of the bubble's clock
		synctest.Wait()
		if len(told) != 2 || !errors.Is(told[1], berrors.ErrDatabaseNotOpen) || !strings.Contains(told[1].Error(), "write store file") {
			t.Errorf("OnError was told %v, want the fault of each of two flushes", told)
		}
		if dirty := file.takeDirty(); len(dirty) != 1 || dirty[0].Int("n") != 1 {
			t.Errorf("still to be written: %v, want the item", dirty)
		}
		file.markDirty([]store.Item{{Key: key}})
		if err := file.Close(); !errors.Is(err, berrors.ErrDatabaseNotOpen) {
			t.Errorf("Close: got %v, want the fault of its flush", err)
		}
	})
}
