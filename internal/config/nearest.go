package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// hint proposes the known name that was probably meant, or lists what there is.
func hint(name string, known []string) string {
	known = slices.DeleteFunc(slices.Clone(known), secret.LooksLikeSecret)
	if n, ok := nearest(name, known); ok {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return "known are " + strings.Join(known, ", ")
}

// nearest returns the first of the known names with the least distance to
// name, if that is at most a third of name's length. Longer names cost time
// and are no slips.
func nearest(name string, known []string) (string, bool) {
	if len(name) > 64 {
		return "", false
	}
	best, least := "", max(1, len(name)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), k); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance counts the insertions, deletions and replacements of bytes that
// turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
