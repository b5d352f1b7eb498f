package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// claudeLimits are headers of a quota of 10,000 input tokens a minute.
var claudeLimits = http.Header{
	"Anthropic-Ratelimit-Input-Tokens-Limit": {"10000"}, "Anthropic-Ratelimit-Input-Tokens-Remaining": {"10000"},
	"Anthropic-Ratelimit-Input-Tokens-Reset": {"2000-01-01T00:00:00Z"},
}

// TestBatchLeavesRoom: where little is left, it is for those that people wait for.
func TestBatchLeavesRoom(t *testing.T) {
	t.Parallel()
	for priority, waits := range map[string]bool{"interactive": false, "batch": true} {
		t.Run(priority, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				usage := "7"
				p := newInProcess(t, upstreamOf{name: "claude", keys: []string{"k1"}, dialect: claudeDialect, wait: time.Minute, formula: estimate.Anthropic, answer: func(r *http.Request) (*http.Response, error) {
					return reply(r, 200, claudeLimits, strings.NewReader(strings.Replace(aMessage, `"input_tokens":7`, `"input_tokens":`+usage, 1)))
				}})
				p.do(t.Context(), "POST", "/v1/messages", helloMessages)
				time.Sleep(time.Minute) // fake
				usage = "8000"          // of 9,000 that may be used at once
				p.do(t.Context(), "POST", "/v1/messages", strings.Replace(helloMessages, "hello", strings.Repeat("word ", 5300), 1))
				usage = "7"
				began := time.Now()
				w := p.do(t.Context(), "POST", "/v1/messages", helloMessages, "X-Fallow-Priority", priority)
				if waited := time.Since(began) > time.Second; w.Code != 200 || waited != waits {
					t.Errorf("%d, waited %v, want a wait: %v", w.Code, time.Since(began), waits)
				}
			})
		})
	}
}

// TestRoomOfACachedPrompt is given back as soon as the answer has begun: what was
// read from the cache is in the first event, and does not count.
func TestRoomOfACachedPrompt(t *testing.T) {
	t.Parallel()
	large := strings.Replace(helloMessages, "hello", strings.Repeat("word ", 4000), 1)
	for name, tt := range map[string]struct {
		input string // what the provider says it read, of 6,000 or so
		waits bool
	}{
		"read from the cache": {`"input_tokens":9,"cache_read_input_tokens":6000`, false},
		"read anew":           {`"input_tokens":6000`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				p := newInProcess(t, upstreamOf{name: "claude", keys: []string{"k1"}, dialect: claudeDialect, wait: time.Minute, formula: estimate.Anthropic, answer: func(r *http.Request) (*http.Response, error) {
					if calls++; calls != 2 {
						return reply(r, 200, claudeLimits, strings.NewReader(aMessage))
					}
					begun := strings.Replace(named(messageEvents[:6]...), `"input_tokens":7`, tt.input, 1)
					return reply(r, 200, nil, io.MultiReader(strings.NewReader(begun), until(r.Context())))
				}})
				p.do(t.Context(), "POST", "/v1/messages", helloMessages)
				time.Sleep(time.Minute) // fake
				done := make(chan struct{})
				go func() {
					defer close(done)
					p.do(t.Context(), "POST", "/v1/messages", streaming(large))
				}()
				synctest.Wait()
				began := time.Now()
				w := p.do(t.Context(), "POST", "/v1/messages", large)
				if waited := time.Since(began) > time.Second; w.Code != 200 || waited != tt.waits {
					t.Errorf("%d, the next request waited %v, want a wait: %v", w.Code, time.Since(began), tt.waits)
				}
				<-done // the first one's idle time-out
			})
		})
	}
}
