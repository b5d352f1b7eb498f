package openai

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// retryAfter is how long a refusal asks us to stay away: what the headers say
// goes before what the body says, and what is meant for that before what the
// state of a limit implies.
func (c Config) retryAfter(h http.Header, r refusal, now time.Time) time.Duration {
	if d := provider.RetryAfter(h.Get, now); d > 0 {
		return d
	}
	if d := parseWait(h.Get(c.RetryHeader), now); d > 0 {
		return d
	}
	if r.retryDelay > 0 {
		return r.retryDelay
	}
	if d := parseWait(r.resetAt, now); d > 0 {
		return d
	}
	return c.dayIsOver(h, now)
}

// dayIsOver is the time until a daily limit that is used up is whole again.
// Limits for a minute are left to whoever knows the size of the request: they
// have room long before they are whole.
func (c Config) dayIsOver(h http.Header, now time.Time) (longest time.Duration) {
	for _, names := range c.limits() {
		if names.Per <= time.Minute || h.Get(names.Remaining) != "0" {
			continue
		}
		longest = max(longest, parseWait(h.Get(names.Reset), now))
	}
	return longest
}

// Numbers beyond these are dates: 2001 in seconds, and in milliseconds.
const (
	firstUnixSecond = 1e9
	firstUnixMilli  = 1e12
)

// parseWait reads seconds from now, a duration, or a Unix date in seconds or
// milliseconds. The result is 0 for what is past or none of these.
func parseWait(s string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(s); err == nil {
		return provider.ClampRetryAfter(d)
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || !(n > 0) || n >= 1e15:
		return 0
	case n >= firstUnixMilli:
		return provider.ClampRetryAfter(time.UnixMilli(int64(n)).Sub(now))
	case n >= firstUnixSecond:
		return provider.ClampRetryAfter(time.Unix(int64(n), 0).Sub(now))
	}
	return time.Duration(min(n, provider.MaxRetryAfter.Seconds()) * float64(time.Second))
}
