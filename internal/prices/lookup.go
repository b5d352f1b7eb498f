package prices

import (
	_ "embed"
	"strings"
)

// data is the file. TestDataIsPinned compares it with dataSHA256.
//
//go:embed prices.tsv
var data string

// Lookup finds the price of the model that a provider was asked for, by its
// exact id or else by the first shorter one that the rules of alias.go lead to.
// provider is a name of the config document, or, for an openai-compatible
// pool, what HostProvider makes of its host. It reports false for a model that
// is not known, which does not mean that it is free. Lookup is safe for
// concurrent use and takes some microseconds.
func Lookup(provider, model string) (Price, bool) {
	for id := range aliases(provider, model) {
		if line, ok := find(data, provider+"/"+id); ok {
			return parseLine(line)
		}
	}
	return Price{}, false
}

// find returns the line of table whose first field is key. The lines are
// sorted by it; those of the header begin with '#', which sorts before all.
func find(table, key string) (line string, ok bool) {
	for len(table) > 0 {
		start := strings.LastIndexByte(table[:len(table)/2], '\n') + 1
		line, after, _ := strings.Cut(table[start:], "\n")
		id, _, _ := strings.Cut(line, "\t")
		switch {
		case id == key:
			return line, true
		case id < key:
			table = after
		default:
			table = table[:start]
		}
	}
	return "", false
}
