package anthropic

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// dimensions maps the middle of anthropic-ratelimit-*-limit to what it counts.
// "tokens" is whichever token limit binds most at the moment. The headers of
// priority and fast capacity describe other buckets and are left alone.
// (Anthropic docs, api/rate-limits, "Response headers".)
var dimensions = [...]struct {
	header string
	is     upstream.Dimension
}{
	{"requests", upstream.Requests},
	{"input-tokens", upstream.InputTokens},
	{"output-tokens", upstream.OutputTokens},
	{"tokens", upstream.Tokens},
}

// Signals reads who holds the quota and what is left of it. The owner is the
// organisation alone, although the headers name the workspace too: the
// organisation's limits always apply, a workspace's own only where somebody
// set lower ones, and to split the owner by workspace would book the same
// organisation quota once for each of them.
func (*Dialect) Signals(h http.Header, _ time.Time) upstream.Signals {
	s := upstream.Signals{Owner: h.Get("anthropic-organization-id")}
	for _, d := range dimensions {
		if l, ok := readLimit(h, "anthropic-ratelimit-"+d.header); ok {
			l.Dimension = d.is
			s.Limits = append(s.Limits, l)
		}
	}
	return s
}

// readLimit reads one trio of headers. A limit without a remainder, or a
// number that is none, says nothing that could be scheduled by: it counts as
// missing rather than as zero, which would stop the quota for no reason.
func readLimit(h http.Header, prefix string) (upstream.Limit, bool) {
	limit, err := strconv.ParseInt(h.Get(prefix+"-limit"), 10, 64)
	if err != nil || limit < 0 {
		return upstream.Limit{}, false
	}
	remaining, err := strconv.ParseInt(h.Get(prefix+"-remaining"), 10, 64)
	if err != nil || remaining < 0 {
		return upstream.Limit{}, false
	}
	fullAt, _ := time.Parse(time.RFC3339, h.Get(prefix+"-reset")) // zero means unknown
	return upstream.Limit{PerMinute: limit, Remaining: remaining, FullAt: fullAt}, true
}
