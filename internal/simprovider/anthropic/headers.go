package anthropic

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Identity writes the headers that every answer carries; those that name the
// organisation are left out when the call was not authenticated.
func (Dialect) Identity(h http.Header, c *dialogue.Call, _ time.Duration) {
	h.Set("request-id", "req_"+c.ID)
	if c.OrganisationID != "" {
		h.Set("anthropic-organization-id", c.OrganisationID)
		h.Set("anthropic-workspace-id", c.WorkspaceID)
	}
}

// Limits writes the state of the quota. "tokens" is input and output
// together, as it is for an organisation whose workspaces have no lower limit.
func (Dialect) Limits(h http.Header, levels []quota.Level, _ time.Time) {
	names := map[upstream.Dimension]string{
		upstream.Requests: "requests", upstream.InputTokens: "input-tokens", upstream.OutputTokens: "output-tokens",
	}
	var sum quota.Level
	for _, l := range levels {
		name, ours := names[l.Dimension]
		if !ours {
			continue
		}
		if l.Dimension != upstream.Requests {
			sum.PerMinute, sum.Remaining = sum.PerMinute+l.PerMinute, sum.Remaining+l.Remaining
			if l.FullAt.After(sum.FullAt) {
				sum.FullAt = l.FullAt
			}
			l.Remaining = thousand(l.Remaining)
		}
		limit(h, name, l)
	}
	if sum.PerMinute > 0 {
		sum.Remaining = thousand(sum.Remaining)
		limit(h, "tokens", sum)
	}
}

func limit(h http.Header, name string, l quota.Level) {
	prefix := "anthropic-ratelimit-" + name
	h.Set(prefix+"-limit", strconv.FormatInt(l.PerMinute, 10))
	h.Set(prefix+"-remaining", strconv.FormatInt(l.Remaining, 10))
	// Up to the whole second at which it is surely full.
	full := l.FullAt.Add(time.Second - 1).Truncate(time.Second)
	h.Set(prefix+"-reset", full.UTC().Format(time.RFC3339))
}

// thousand rounds to the nearest 1,000, as the API does with tokens.
func thousand(n int64) int64 { return (n + 500) / 1000 * 1000 }

// RetryAfter writes how long to stay away, in whole seconds.
func (Dialect) RetryAfter(h http.Header, d time.Duration) {
	h.Set("retry-after", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
}
