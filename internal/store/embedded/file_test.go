package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = store.Key{Partition: "pool", Sort: "group"}

func set(t *testing.T, table store.Table, key store.Key, assign ...store.Assign) {
	t.Helper()
	if _, err := table.Update(context.Background(), key, store.Change{Do: assign}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, table store.Table, key store.Key) store.Item {
	t.Helper()
	item, _, err := table.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// copyOf is the file as another process would find it if this one died now.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "crashed.db")
	if err := os.WriteFile(crashed, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return crashed
}

func TestFileSurvivesReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fallow.db")
	file, err := embedded.OpenFile(path, embedded.FileConfig{})
	if err != nil {
		t.Fatal(err)
	}
	other := store.Key{Partition: "pool", Sort: "é\x00/"}
	set(t, file, key, store.Set("n", store.Num(-9223372036854775808)), store.Set("t", store.Text("7\n\u2028<é>")))
	set(t, file, other, store.Set("n", store.Num(9007199254740993))) // lost if read as a float
	gone := store.Key{Partition: "pool", Sort: "gone"}
	set(t, file, gone, store.Set("n", store.Num(1)))
	if err := file.Flush(); err != nil {
		t.Fatal(err)
	}
	set(t, file, gone, store.Remove("n"))
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	file = openFile(t, path)
	if got := get(t, file, key); got.Int("n") != -9223372036854775808 || got.Str("t") != "7\n\u2028<é>" || len(got.Attrs) != 2 {
		t.Errorf("got %v", got)
	}
	if got := get(t, file, other); got.Int("n") != 9007199254740993 {
		t.Errorf("got %v, want 9007199254740993", got)
	}
	if items, err := file.Query(t.Context(), "pool"); err != nil || len(items) != 2 {
		t.Errorf("got %v, %v; want the two items that were not removed", items, err)
	}
}

// TestCrash looks at the file before and after a flush was due.
func TestCrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "fallow.db")
		file := openFile(t, path)
		set(t, file, key, store.Set("n", store.Num(1)))
		if got := get(t, openFile(t, copyOf(t, path)), key); len(got.Attrs) != 0 {
			t.Errorf("before the flush: got %v, want nothing on the disk yet", got)
		}
		time.Sleep(1100 * time.Millisecond) // of the bubble's clock
		synctest.Wait()
		set(t, file, key, store.Set("n", store.Num(2)))
		if got := get(t, openFile(t, copyOf(t, path)), key); got.Int("n") != 1 {
			t.Errorf("after the flush: got %v, want n=1", got)
		}
	})
}

func TestFileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fallow.db")
	openFile(t, path)
	_, err := embedded.OpenFile(path, embedded.FileConfig{LockTimeout: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "another fallow process is using "+path) {
		t.Errorf("got error %v, want one that says who has the file", err)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want string
	}{
		{"no directory", func(*testing.T, string) {}, "open store file"},
		{"not a database", func(t *testing.T, path string) {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Repeat("x", 1<<16)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "open store file"},
		{"item is not JSON", writeItem("{"), "item pool/group: unexpected EOF"},
		{"fraction", writeItem(`{"a":1.5}`), "item pool/group: attribute a"},
		{"other type", writeItem(`{"a":[]}`), "attribute a: [] is neither a whole number nor a text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "fallow.db")
			tt.make(t, path)
			_, err := embedded.OpenFile(path, embedded.FileConfig{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want one with the path and %q", err, tt.want)
			}
		})
	}
}

// writeItem makes a file with one item of that text.
func writeItem(data string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error {
			root, err := tx.CreateBucket([]byte("items"))
			if err != nil {
				return err
			}
			pool, err := root.CreateBucket([]byte("pool"))
			if err != nil {
				return err
			}
			return pool.Put([]byte("group"), []byte(data))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkMemoryUpdate(b *testing.B) { benchmarkUpdate(b, embedded.NewMemory()) }

func BenchmarkFileUpdate(b *testing.B) {
	benchmarkUpdate(b, openFile(b, filepath.Join(b.TempDir(), "fallow.db")))
}

func benchmarkUpdate(b *testing.B, table store.Table) {
	b.ReportAllocs()
	for until := int64(1); b.Loop(); until++ {
		change := store.Change{
			If: store.Any(store.Absent("cool_until"), store.Is("cool_until", store.LT, store.Num(until))),
			Do: []store.Assign{store.Set("cool_until", store.Num(until)), store.Set("cool_reason", store.Text("rate_limit"))},
		}
		if result, err := table.Update(b.Context(), key, change); err != nil || !result.Applied {
			b.Fatal(result, err)
		}
	}
}

// BenchmarkFileFlush is what the background goroutine does each second, sync
// included.
func BenchmarkFileFlush(b *testing.B) {
	file := openFile(b, filepath.Join(b.TempDir(), "fallow.db"))
	for n := int64(0); b.Loop(); n++ {
		if _, err := file.Update(b.Context(), key, store.Change{Do: []store.Assign{store.Set("n", store.Num(n))}}); err != nil {
			b.Fatal(err)
		}
		if err := file.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
