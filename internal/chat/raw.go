package chat

import (
	"iter"
	"strings"
)

// Members walks the members of an object of valid JSON as they stand, names
// without their quotes. gjson would unescape every string it passes, which for a
// turn of 90 KB costs more than all else that is done with it.
func Members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := 1; i < len(object); i++ {
			if object[i] != '"' {
				continue
			}
			end := endOfString(object, i)
			name := object[i+1 : end]
			start := end + 1 + strings.IndexByte(object[end+1:], ':') + 1
			start += len(object[start:]) - len(strings.TrimLeft(object[start:], " \t\r\n"))
			i = endOfValue(object, start)
			if !yield(name, object[start:i]) {
				return
			}
		}
	}
}

// endOfValue returns the place after the value that begins at start.
func endOfValue(text string, start int) int {
	switch text[start] {
	case '"':
		return endOfString(text, start) + 1
	case '{', '[':
		return endOfNest(text, start)
	}
	return start + strings.IndexAny(text[start:], ",}] \t\r\n")
}

func endOfNest(text string, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// endOfString returns the place of the quote that ends the string begun at
// start, or len(text).
func endOfString(text string, start int) int {
	for i := start + 1; ; i++ {
		quote := strings.IndexByte(text[i:], '"')
		if quote < 0 {
			return len(text)
		}
		if i += quote; !escaped(text[start+1 : i]) {
			return i
		}
	}
}

// escaped reports whether what follows text has a backslash of its own before
// it: an even number of them escape each other.
func escaped(text string) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}
