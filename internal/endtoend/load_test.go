//go:build e2e

package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/endtoend/leaks"
)

// result is one request as its client saw it.
type result struct {
	took   time.Duration
	waited time.Duration // for room, as the gateway says
	status int
	key    string
	ours   bool // the answer came from the gateway and not from Lambda
	err    error
}

func (r result) failed() bool { return r.err != nil || r.status != http.StatusOK }

// httpClient keeps as many connections as there are clients at once. What it is
// answered is searched for secrets.
var httpClient = &http.Client{
	Timeout:   2 * time.Minute,
	Transport: leaks.Transport{Next: &http.Transport{MaxIdleConnsPerHost: 200}, Of: rigOf},
}

// ask sends one chat completion; n makes its conversation unlike the others.
func ask(url string, n int) result { return askFor(url, fmt.Sprintf("Review change %d, please.", n)) }

func askFor(url, prompt string) result {
	body, _ := json.Marshal(map[string]any{
		"model": "claude-sonnet-5",
		"messages": []map[string]string{
			{"role": "system", "content": "You review code changes."},
			{"role": "user", "content": prompt},
		},
	})
	req, err := http.NewRequest("POST", url+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return result{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+botToken)
	req.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := httpClient.Do(req)
	if err != nil {
		return result{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d: %s", resp.StatusCode, text)
	}
	waited, _ := strconv.Atoi(resp.Header.Get("X-Fallow-Wait-Ms"))
	return result{
		took: time.Since(began), waited: time.Duration(waited) * time.Millisecond, status: resp.StatusCode,
		key: resp.Header.Get("X-Fallow-Key"), ours: resp.Header.Get("X-Fallow-Request-Id") != "", err: err,
	}
}

// wave sends n requests at once. Their numbers begin with first.
func wave(url string, first, n int) []result {
	results := make([]result, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { results[i] = ask(url, first+i) })
	}
	all.Wait()
	return results
}

// mustSucceed reports every failed request.
func mustSucceed(t *testing.T, results []result) {
	t.Helper()
	failed := 0
	for _, r := range results {
		if r.failed() {
			if failed++; failed <= 3 {
				t.Errorf("a client's request failed: %v", r.err)
			}
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d client requests failed, want 0", failed, len(results))
	}
}

// quantile of the time that the gateway added to an answer of that length.
func addedLatency(results []result, answer time.Duration, q float64) time.Duration {
	var added []time.Duration
	for _, r := range results {
		added = append(added, r.took-answer)
	}
	slices.Sort(added)
	return added[min(len(added)-1, int(q*float64(len(added))))]
}
