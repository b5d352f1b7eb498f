package prices

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diff lists what distinguishes two files, one model a line, sorted: "+" for a
// model that is new, "-" for one that is gone, "~" for one with other figures.
// It is empty when only the header differs.
func Diff(before, after []byte) []string {
	was, is := index(before), index(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	var changes []string
	for _, id := range slices.Sorted(maps.Keys(all)) {
		old, had := was[id]
		line, has := is[id]
		switch {
		case !had:
			changes = append(changes, "+ "+id+": "+line)
		case !has:
			changes = append(changes, "- "+id)
		case old != line:
			changes = append(changes, fmt.Sprintf("~ %s: %s, was %s", id, line, old))
		}
	}
	return changes
}

// index maps the models of a file to the rest of their lines.
func index(file []byte) map[string]string {
	lines := map[string]string{}
	for line := range strings.Lines(string(file)) {
		id, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if ok && !strings.HasPrefix(id, "#") {
			lines[id] = strings.ReplaceAll(rest, "\t", " ")
		}
	}
	return lines
}
