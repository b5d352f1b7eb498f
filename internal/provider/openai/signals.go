package openai

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Signals reads the x-ratelimit headers and who holds the quota: the
// organisation, and within it the project where one is named, since a project
// may have a lower limit of its own. That limit comes in headers of its own, and
// whichever of the two has less left is the one that counts.
//
// The headers do not say what time a limit is for. OpenAI's are per minute;
// Groq's limit of requests is per day and is read as if it were not, which errs
// on the side of sending: remaining is right all the same.
// (OpenAI docs, guides/rate-limits, "Rate limits in headers".)
func (*Dialect) Signals(h http.Header, now time.Time) upstream.Signals {
	s := upstream.Signals{Owner: owner(h)}
	if l, ok := readLimit(h, "requests", now); ok {
		l.Dimension = upstream.Requests
		s.Limits = append(s.Limits, l)
	}
	l, ok := readLimit(h, "tokens", now)
	if p, own := readLimit(h, "project-tokens", now); own && (!ok || p.Remaining < l.Remaining) {
		l, ok = p, true
	}
	if ok {
		l.Dimension = upstream.Tokens
		s.Limits = append(s.Limits, l)
	}
	return s
}

func owner(h http.Header) string {
	organization, project := h.Get("Openai-Organization"), h.Get("Openai-Project")
	if organization == "" || project == "" {
		return organization
	}
	return organization + "/" + project
}

// readLimit reads one trio of headers. A limit that is not positive is none:
// Azure's Responses API was seen to send -1 and 0. A remainder of 0 is true.
func readLimit(h http.Header, what string, now time.Time) (upstream.Limit, bool) {
	limit, err := strconv.ParseInt(h.Get("X-Ratelimit-Limit-"+what), 10, 64)
	if err != nil || limit <= 0 {
		return upstream.Limit{}, false
	}
	remaining, err := strconv.ParseInt(h.Get("X-Ratelimit-Remaining-"+what), 10, 64)
	if err != nil || remaining < 0 {
		return upstream.Limit{}, false
	}
	l := upstream.Limit{PerMinute: limit, Remaining: remaining}
	if reset, ok := parseReset(h.Get("X-Ratelimit-Reset-" + what)); ok {
		l.FullAt = now.Add(reset)
	}
	return l, true
}

// parseReset reads a duration such as "1s", "6m0s" or "120ms", or a plain number
// of seconds (Azure). Beyond a day it is taken for something else, such as a
// date in Unix seconds.
func parseReset(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	return d, err == nil && d >= 0 && d <= provider.MaxRetryAfter
}
