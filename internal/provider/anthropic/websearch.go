package anthropic

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// searches says how often the model may search for each size of context that
// OpenAI's web search knows. The figures are those that other gateways use;
// Anthropic's tool has no size of context.
var searches = map[string]int{"low": 1, "medium": 5, "high": 10}

// addWebSearch turns web_search_options into Anthropic's search tool, unless
// the client offers that already. An empty object asks for it, too.
func (e *encoder) addWebSearch() {
	options := e.get("web_search_options")
	if !options.IsObject() || e.tools.offers("web_search_") {
		return
	}
	if e.is.WebSearch == "" {
		e.drop("web_search_options")
		return
	}
	uses, known := searches[options.Get("search_context_size").Str]
	if !known {
		uses = searches["medium"] // OpenAI's default
	}
	dst := append(next(e.tools.items), `{"type":"`+e.is.WebSearch+`","name":"web_search","max_uses":`...)
	dst = strconv.AppendInt(dst, int64(uses), 10)
	dst = appendLocation(dst, options.Get("user_location.approximate"))
	e.tools.items = append(dst, '}')
	e.tools.types = append(e.tools.types, e.is.WebSearch)
}

// appendLocation writes where the user is, roughly: the same fields in both.
func appendLocation(dst []byte, place gjson.Result) []byte {
	if isInert(place) {
		return dst
	}
	dst = append(dst, `,"user_location":{"type":"approximate"`...)
	for _, field := range [...]string{"city", "country", "region", "timezone"} {
		if v := place.Get(field); isString(v) && v.Str != "" {
			dst = append(append(append(dst, `,"`...), field...), `":`...)
			dst = append(dst, v.Raw...)
		}
	}
	return append(dst, '}')
}
