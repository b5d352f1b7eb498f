package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// line is what telemetry writes of a request, as far as it matters here.
type line struct {
	Time       *time.Time `json:"time"`
	Msg        string     `json:"msg"`
	Status     int        `json:"status"`
	Input      int64      `json:"input_tokens"`
	Output     int64      `json:"output_tokens"`
	CacheRead  int64      `json:"cache_read_tokens"`
	CacheWrite int64      `json:"cache_write_tokens"`
	Total      int64      `json:"total_ms"`
	Wait       int64      `json:"wait_ms"`
}

const (
	maxTokens = 10_000_000
	maxMillis = 24 * 3600 * 1000
)

// readJSON reads one line of Fallow's log. It is written when the answer has
// ended, so that the request came earlier by what it took.
func readJSON(text []byte) (Call, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return Call{}, fmt.Errorf("not JSON: %v at byte %d", syntax, syntax.Offset)
		}
		return Call{}, fmt.Errorf("not a line of Fallow's log: %v", err)
	}
	if l.Msg != "request" {
		return Call{}, errSkip
	}
	if l.Time == nil {
		return Call{}, errors.New("time is missing")
	}
	for name, n := range map[string]int64{"input_tokens": l.Input, "output_tokens": l.Output, "cache_read_tokens": l.CacheRead, "cache_write_tokens": l.CacheWrite} {
		if n < 0 || n > maxTokens {
			return Call{}, fmt.Errorf("%s %d is not between 0 and %d", name, n, int64(maxTokens))
		}
	}
	if min(l.Total, l.Wait) < 0 || max(l.Total, l.Wait) > maxMillis {
		return Call{}, fmt.Errorf("total_ms and wait_ms must be between 0 and %d", maxMillis)
	}
	return l.call()
}

func (l line) call() (Call, error) {
	c := Call{
		At:    l.Time.Add(-time.Duration(l.Total) * time.Millisecond),
		Input: l.Input + l.CacheRead + l.CacheWrite, Cached: l.CacheRead, Output: l.Output,
		Latency: time.Duration(max(0, l.Total-l.Wait)) * time.Millisecond,
	}
	if c.Input > 0 {
		return c, nil
	}
	if c.Refused = l.Status == http.StatusTooManyRequests; c.Refused {
		c.Latency = 0
		return c, nil
	}
	return Call{}, errSkip // it was turned away for another reason
}
