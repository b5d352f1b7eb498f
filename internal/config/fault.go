package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Fault is one thing wrong with a document.
type Fault struct {
	// File is the name the document was parsed under; empty when it had none.
	File string
	// Path leads to the place in the document, as in
	// pools.claude.keys[1].secret; empty for a fault of the whole.
	Path string
	// Line and Column count from 1; 0 when the fault is not of a text. What is
	// missing is reported where it should have stood.
	Line, Column int
	// Message says what was wrong and what would be right. It repeats nothing
	// that looks like a credential.
	Message string
}

// String is "file:line:column: path: message", without the parts that are empty.
func (f Fault) String() string {
	var s strings.Builder
	if f.File != "" {
		s.WriteString(f.File + ":")
	}
	if f.Line > 0 {
		fmt.Fprintf(&s, "%d:%d:", f.Line, f.Column)
	}
	if s.Len() > 0 {
		s.WriteByte(' ')
	}
	if f.Path != "" {
		s.WriteString(f.Path + ": ")
	}
	return s.String() + f.Message
}

// Faults is everything wrong with a document, in the order of the document.
type Faults []Fault

var _ error = Faults(nil)

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// report collects faults while a document is read and then checked.
type report struct {
	file   string
	faults Faults
	// places says where each path of the document was written.
	places map[string]token.Position
	// muted are paths whose value could not be read. The checks that follow
	// are silent about them and all below: one slip is one fault.
	muted map[string]bool
}

func newReport(file string) *report {
	return &report{file: file, places: map[string]token.Position{}, muted: map[string]bool{}}
}

// addAt reports a fault at a place in the text.
func (r *report) addAt(pos token.Position, path, format string, args ...any) {
	r.faults = append(r.faults, Fault{r.file, path, pos.Line, pos.Column, fmt.Sprintf(format, args...)})
}

// add reports a fault that a check has found, unless the path is muted.
func (r *report) add(path, format string, args ...any) {
	if !r.isMuted(path) {
		r.addAt(r.place(path), path, format, args...)
	}
}

func (r *report) isMuted(path string) bool {
	return r.muted[path] || path != "" && r.isMuted(parent(path))
}

// place finds where path, or the nearest thing around it, was written.
func (r *report) place(path string) token.Position {
	pos, ok := r.places[path]
	if !ok && path != "" {
		return r.place(parent(path))
	}
	return pos
}

// byDefault says so of a value that the document does not hold, which its
// author would look for in vain.
func (r *report) byDefault(path string) string {
	if _, written := r.places[path]; written || len(r.places) == 0 {
		return ""
	}
	return " by default"
}

// err returns the faults sorted, or nil when there are none.
func (r *report) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.faults
}
