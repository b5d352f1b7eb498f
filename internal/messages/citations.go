package messages

import (
	"strings"

	"github.com/tidwall/gjson"
)

// A page that a model of another provider has cited becomes a citation of a
// result of a web search, the one kind that has an address. What it quotes of
// the page is not known, and its encrypted_index, by which Claude finds a result
// again, is ours: so that the citation can be taken out before Claude, who would
// refuse it, sees it. What span of the text it supports is lost, since OpenAI's
// start and end mark the link within the text, where Anthropic's blocks would
// end: to cut the text there would cut it at links.

// citationsOf makes citations, raw JSON, of the annotations of a message.
func citationsOf(annotations gjson.Result) (found []string) {
	annotations.ForEach(func(_, a gjson.Result) bool {
		page := a.Get("url_citation")
		if url := page.Get("url"); url.Str != "" {
			title := "null"
			if t := page.Get("title"); isString(t) {
				title = t.Raw
			}
			found = append(found, `{"type":"web_search_result_location","url":`+url.Raw+`,"title":`+title+
				`,"cited_text":"","encrypted_index":"`+ours+`url"}`)
		}
		return true
	})
	return found
}

// cite adds citations to the block that was written last, a text.
func (m *message) cite(citations []string) {
	if len(citations) == 0 {
		return
	}
	m.blocks = append(m.blocks[:len(m.blocks)-1], `,"citations":[`...)
	m.blocks = append(append(m.blocks, strings.Join(citations, ",")...), "]}"...)
}

// citesOurs reports whether a block has citations that are not Claude's.
func citesOurs(block gjson.Result) (found bool) {
	block.Get("citations").ForEach(func(_, c gjson.Result) bool {
		found = strings.HasPrefix(c.Get("encrypted_index").Str, ours)
		return !found
	})
	return found
}

// uncited appends a block without its citations.
func uncited(dst []byte, block gjson.Result) []byte {
	dst = append(dst, '{')
	block.ForEach(func(name, v gjson.Result) bool {
		if name.Str != "citations" {
			dst = append(append(append(next(dst), name.Raw...), ':'), v.Raw...)
		}
		return true
	})
	return append(dst, '}')
}
