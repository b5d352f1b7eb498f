package provider

import (
	"net/http"
	"strconv"
	"time"
)

// MaxRetryAfter is the longest time that a provider can keep us away by a
// header. A larger figure is a mistake more often than a wish.
const MaxRetryAfter = 24 * time.Hour

// RetryAfter reads how long the headers of a refusal ask us to stay away:
// retry-after-ms (OpenAI, Azure), or else retry-after as seconds, whole or
// broken, or as an HTTP date. get returns a header's value, like
// http.Header.Get. The result lies in [0, MaxRetryAfter]; a header that is
// negative, past or unreadable counts as absent.
//
// It is meant for refusals only: Anthropic sends retry-after on success too.
func RetryAfter(get func(header string) string, now time.Time) time.Duration {
	if d := parseNumber(get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	after := get("Retry-After")
	if d := parseNumber(after, time.Second); d > 0 {
		return d
	}
	at, err := http.ParseTime(after)
	if err != nil {
		return 0
	}
	return ClampRetryAfter(at.Sub(now))
}

// ClampRetryAfter brings d into [0, MaxRetryAfter].
func ClampRetryAfter(d time.Duration) time.Duration {
	return min(max(d, 0), MaxRetryAfter)
}

// parseNumber returns s times unit, clamped; 0 when s is no number.
func parseNumber(s string, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(s, 64)
	// The comparison is written so that NaN, which ParseFloat accepts, fails it.
	if err != nil || !(n > 0) {
		return 0
	}
	// Compared before it is converted: a float beyond int64 has no defined value.
	if n >= MaxRetryAfter.Seconds()*float64(time.Second/unit) {
		return MaxRetryAfter
	}
	return time.Duration(n * float64(unit))
}
