package anthropic

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// feature is a row of testdata/checklist.json, which says of every case of the
// translation what becomes of it. The cases with directions have files in the
// directories of these names that begin with their number; others name a test,
// or the part of Fallow that they belong to.
type feature struct {
	Number     int
	Feature    string
	Directions []string // request, answer, stream
	// Status is full, adapted (by the rule), refused or elsewhere.
	Status string
	Rule   string
	Test   string // a test function that holds it
	Where  string // who it concerns, for what is elsewhere
}

func checklist(t *testing.T) []feature {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "checklist.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []feature
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestChecklist holds the table to the files and tests that it speaks of.
func TestChecklist(t *testing.T) {
	t.Parallel()
	tests := testFunctions(t)
	numbers := make(map[int]bool)
	for _, row := range checklist(t) {
		if numbers[row.Number] || row.Feature == "" {
			t.Errorf("row %d is there twice or has no name", row.Number)
		}
		numbers[row.Number] = true
		if !slices.Contains([]string{"full", "adapted", "refused", "elsewhere"}, row.Status) {
			t.Errorf("row %d has the status %q", row.Number, row.Status)
		}
		if (row.Status == "elsewhere") != (row.Where != "") {
			t.Errorf("row %d is %s, with where %q", row.Number, row.Status, row.Where)
		}
		if row.Status == "adapted" && row.Rule == "" {
			t.Errorf("row %d is adapted by no rule", row.Number)
		}
		if row.Where == "" && len(row.Directions) == 0 && row.Test == "" {
			t.Errorf("row %d is held by nothing", row.Number)
		}
		if row.Test != "" && !tests[row.Test] {
			t.Errorf("row %d names the test %s, which is not there", row.Number, row.Test)
		}
		for _, direction := range row.Directions {
			if files := caseFiles(t, direction, row.Number); len(files) == 0 {
				t.Errorf("row %d has no file in testdata/%s", row.Number, direction)
			}
		}
	}
	for n := 1; n <= 152; n++ {
		if !numbers[n] {
			t.Errorf("row %d is missing", n)
		}
	}
}

// TestChecklistNamesAllFiles: no numbered file without a row that says so.
func TestChecklistNamesAllFiles(t *testing.T) {
	t.Parallel()
	named := make(map[string]bool)
	for _, row := range checklist(t) {
		for _, direction := range row.Directions {
			for _, file := range caseFiles(t, direction, row.Number) {
				named[file] = true
			}
		}
	}
	for _, direction := range []string{"request", "answer", "stream"} {
		files, _ := filepath.Glob(filepath.Join("testdata", direction, "[0-9]*"))
		for _, file := range files {
			if !named[file] {
				t.Errorf("%s belongs to no row", file)
			}
		}
	}
}

func caseFiles(t *testing.T, direction string, number int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", direction, fmt.Sprintf("%03d_*", number)))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(data)
	}
	found := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(source.String(), -1) {
		found[m[1]] = true
	}
	return found
}
