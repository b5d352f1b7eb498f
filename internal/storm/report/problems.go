package report

import (
	"cmp"
	"slices"
)

// problem is why so many requests failed.
type problem struct {
	text  string
	count int
}

// ranked lists the problems, the most frequent first. Their texts are cut: they
// hold what a gateway has answered.
func ranked(all map[string]int) []problem {
	const most = 160
	short := map[string]int{}
	for text, n := range all {
		runes := []rune(text)
		if len(runes) > most {
			text = string(runes[:most]) + "…"
		}
		short[text] += n
	}
	var list []problem
	for text, n := range short {
		list = append(list, problem{text, n})
	}
	slices.SortFunc(list, func(a, b problem) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text))
	})
	return list
}
