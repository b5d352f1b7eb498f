package estimate

import "bytes"

const (
	// bytesPerPage is for a PDF that does not show its pages: between a page of
	// typeset text, some 8 KB, and one that was scanned, some 100 KB.
	bytesPerPage = 20_000
	// maxPages is the most that a request may have. (Anthropic docs,
	// build-with-claude/pdf-support.)
	maxPages = 600
	// unknownPages stands for a file that is named by its id.
	unknownPages = 10
)

// pages estimates the pages of a PDF in base64, whose beginning h has decoded. It
// looks for the count in the page tree, which stands near one end of the file;
// or else counts the page objects in the beginning and takes the rest to be like
// it; or else, since PDF 1.5 allows to compress both, goes by size.
//
// To be sure would mean to follow the file's index through compressed objects.
// What remains wrong is learned as a factor of Size.Fixed and put right by the
// settlement.
func pages(h *header, data []byte) int64 {
	const ends = headerBytes / 3 * 4 // of base64; starts no group in the middle
	size := decodedLen(data)
	n, objects := survey(h)
	if n == 0 && len(data) > ends {
		end := header{text: data[len(data)-ends:]}
		n, _ = survey(&end)
	}
	if n == 0 && objects > 0 {
		n = objects * max(size, h.read) / h.read
	} else if n == 0 {
		n = size / bytesPerPage
	}
	return int64(min(max(n, 1), maxPages))
}

// survey returns the count of the page tree, if it is seen, and the page objects
// seen. What lies across two chunks is missed, which an estimate bears.
func survey(h *header) (count, objects int) {
	for more := len(h.have()) > 0 || h.fill(); more; more = h.fill() {
		tree := bytes.Contains(h.have(), []byte("/Kids")) // bookmarks have a count as well, but no kids
		for rest := after(h.have(), "/Count "); tree && rest != nil; rest = after(rest, "/Count ") {
			count = max(count, number(rest))
		}
		for rest := after(h.have(), "/Page"); rest != nil; rest = after(rest, "/Page") {
			if c := rest[0] | 0x20; c < 'a' || c > 'z' { // else /Pages, /PageLabels
				objects++
			}
		}
	}
	return count, objects
}

// after returns what follows the first occurrence of name, nil if nothing does.
func after(b []byte, name string) []byte {
	if _, rest, _ := bytes.Cut(b, []byte(name)); len(rest) > 0 {
		return rest
	}
	return nil
}

// number reads the digits that b begins with, as far as they matter here.
func number(b []byte) (n int) {
	for _, c := range b {
		if c < '0' || c > '9' || n > maxPages {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
