// Package golden is for tests that hold what the code makes to files that a
// person has read. Run them with -update to write what it makes now; the diff
// is then what is to be read.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is the flag of every test that imports this package.
var update = flag.Bool("update", false, "write what the code does now into the golden files")

// Check compares got with a file, or writes it.
func Check(t testing.TB, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs, -update writes it (-want +got):\n%s", file, diff)
	}
}

// Inputs returns the files of testdata/dir that end in suffix, by their path
// without it, but for expectations (NAME.want.SUFFIX) and those that end in one
// of others, which belong to an input. There must be some.
func Inputs(t testing.TB, dir, suffix string, others ...string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*"+suffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s files in %s: %v", suffix, dir, err)
	}
	found := make(map[string][]byte)
	others = append([]string{".want" + suffix}, others...)
	for _, file := range files {
		if endsInAny(file, others) {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(file, suffix)] = data
	}
	return found
}

func endsInAny(file string, suffixes []string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(file, s) })
}
