package anthropic

import "github.com/fallow-dev/fallow/internal/simprovider/dialogue"

// page is a result of the hosted search.
type page struct {
	Type             string  `json:"type"`
	URL              string  `json:"url"`
	Title            string  `json:"title"`
	EncryptedContent string  `json:"encrypted_content"`
	PageAge          *string `json:"page_age"`
}

var found = []page{{Type: "web_search_result", URL: dialogue.PageURL, Title: dialogue.PageTitle, EncryptedContent: "c2ltdWxhdGVk"}}

// citation is what a text rests on: a page that was found, or a place in a
// document that the client sent.
type citation struct {
	Type           string  `json:"type"`
	CitedText      string  `json:"cited_text"`
	URL            string  `json:"url,omitempty"`
	Title          string  `json:"title,omitempty"`
	EncryptedIndex string  `json:"encrypted_index,omitempty"`
	DocumentIndex  *int    `json:"document_index,omitempty"`
	DocumentTitle  *string `json:"document_title,omitempty"`
	StartChar      *int    `json:"start_char_index,omitempty"`
	EndChar        *int    `json:"end_char_index,omitempty"`
}

func cited(b dialogue.Block) []citation {
	switch b.Cites {
	case dialogue.CitePage:
		return []citation{{Type: "web_search_result_location", CitedText: "A bucket of tokens.",
			URL: dialogue.PageURL, Title: dialogue.PageTitle, EncryptedIndex: "c2lt"}}
	case dialogue.CiteDocument:
		first, last := 0, 10
		return []citation{{Type: "char_location", CitedText: "The first.", DocumentIndex: &first, StartChar: &first, EndChar: &last}}
	default:
		return nil
	}
}
