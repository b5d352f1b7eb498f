package rebalance

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// limits are allowances per minute; 0 means not told.
type limits struct{ requests, input, output int64 }

// String gives requests, input and output, as they are written down.
func (l limits) String() string { return fmt.Sprintf("%d/%d/%d", l.requests, l.input, l.output) }

// modelLimits are the limits that some models share.
type modelLimits struct {
	models []string
	limits limits
}

// rateLimitsCall asks for a page of an organisation's limits. (Anthropic docs,
// manage-claude/rate-limits-api; the call needs an admin key.)
func rateLimitsCall(page string) *provider.Call {
	query := url.Values{"group_type": {"model_group"}}
	if page != "" {
		query.Set("page", page)
	}
	return &provider.Call{
		Method: http.MethodGet,
		Path:   "/v1/organizations/rate_limits?" + query.Encode(),
		Header: http.Header{"Anthropic-Version": {"2023-06-01"}},
	}
}

// parseRateLimits reads a page, in the form of either API version: 2023-06-01
// has group_type beside models and limits, 2026-10-21 has it inside a group.
// What it does not know it passes over; the error says that the body is no
// list at all.
func parseRateLimits(body []byte) (found []modelLimits, next string, err error) {
	if !gjson.ValidBytes(body) {
		return nil, "", errors.New("the list of rate limits is not valid JSON")
	}
	page := gjson.ParseBytes(body)
	if !page.Get("data").IsArray() {
		return nil, "", errors.New(`the list of rate limits has no array "data"`)
	}
	for _, entry := range page.Get("data").Array() {
		kind := entry.Get("group_type")
		if !kind.Exists() {
			kind = entry.Get("group.type")
		}
		if kind.Str != "model_group" {
			continue
		}
		m := modelLimits{limits: readLimits(entry.Get("limits"))}
		for _, model := range entry.Get("models").Array() {
			if model.Str != "" {
				m.models = append(m.models, model.Str)
			}
		}
		if len(m.models) > 0 && m.limits != (limits{}) {
			found = append(found, m)
		}
	}
	return found, page.Get("next_page").Str, nil
}

// readLimits reads the limits that quotas are booked by. Where input tokens
// are limited twice, the limit that leaves cache reads out is the one that
// current models are held to.
func readLimits(list gjson.Result) limits {
	var l limits
	var cacheAware int64
	for _, entry := range list.Array() {
		value := entry.Get("value").Int()
		if value <= 0 {
			continue
		}
		switch entry.Get("type").Str {
		case "requests_per_minute":
			l.requests = value
		case "input_tokens_per_minute":
			l.input = value
		case "input_tokens_per_minute_cache_aware":
			cacheAware = value
		case "output_tokens_per_minute":
			l.output = value
		}
	}
	if cacheAware > 0 {
		l.input = cacheAware
	}
	return l
}

// lowest joins what two entries tell of one family: each limit that is told,
// and the lower one of two.
func (l limits) lowest(o limits) limits {
	lower := func(a, b int64) int64 {
		if a == 0 || b == 0 {
			return max(a, b)
		}
		return min(a, b)
	}
	return limits{lower(l.requests, o.requests), lower(l.input, o.input), lower(l.output, o.output)}
}
