package anthropic

import (
	"strconv"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// span is a piece of the content, in characters, and the number of the citation
// that supports it. SDKs put a list together from the deltas of a stream by such
// numbers; a list that is whole has none.
type span struct{ start, end, index int }

const unnumbered = -1

// isPage reports whether a citation is of a page with an address, which is what
// OpenAI's annotations can say. Others (of a document that the client sent) go
// back as they are in the extension citations.
func isPage(citation gjson.Result) bool {
	switch citation.Get("type").Str {
	case "web_search_result_location":
		return true
	case "search_result_location":
		return hasScheme(citation.Get("source").Str, "https:") || hasScheme(citation.Get("source").Str, "http:")
	}
	return false
}

// appendAnnotation writes a url_citation.
func appendAnnotation(dst []byte, citation gjson.Result, at span) []byte {
	url := citation.Get("url")
	if !url.Exists() {
		url = citation.Get("source")
	}
	dst = append(appendIndex(dst, at), `"type":"url_citation","url_citation":{"url":`...)
	dst = append(append(dst, rawString(url)...), `,"title":`...)
	dst = append(dst, rawString(citation.Get("title"))...)
	return append(appendSpan(dst, at), "}}"...)
}

func appendCitation(dst []byte, citation gjson.Result, at span) []byte {
	dst = append(append(appendIndex(dst, at), `"citation":`...), citation.Raw...)
	return append(appendSpan(dst, at), '}')
}

func appendIndex(dst []byte, at span) []byte {
	dst = append(dst, '{')
	if at.index == unnumbered {
		return dst
	}
	return append(strconv.AppendInt(append(dst, `"index":`...), int64(at.index), 10), ',')
}

func appendSpan(dst []byte, at span) []byte {
	dst = strconv.AppendInt(append(dst, `,"start_index":`...), int64(at.start), 10)
	return strconv.AppendInt(append(dst, `,"end_index":`...), int64(at.end), 10)
}

// citedText follows the text of a stream, to know what a citation supports. The
// zero value is ready to use.
type citedText struct {
	start, end int      // of the open block, in characters
	waiting    []string // citations of the open block, raw JSON
	pages      int      // so far
	quotes     int      // citations that are of no page
}

// characters is the length of a text that is raw JSON without quotes.
func characters(raw string) int {
	return utf8.RuneCountInString(gjson.Parse(`"` + raw + `"`).Str)
}

// lists writes the citations of the open block as items of annotations and
// citations, and forgets them.
func (t *citedText) lists() (annotations, citations []byte) {
	for _, raw := range t.waiting {
		c := gjson.Parse(raw)
		if isPage(c) {
			annotations = appendAnnotation(next(annotations), c, span{t.start, t.end, t.pages})
			t.pages++
		} else {
			citations = appendCitation(next(citations), c, span{t.start, t.end, t.quotes})
			t.quotes++
		}
	}
	t.waiting = t.waiting[:0]
	return annotations, citations
}
