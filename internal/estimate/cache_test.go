package estimate_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// cached is the usage of a request of 1000 tokens of which so many were read
// from the cache.
func cached(tokens int64) upstream.Usage {
	return upstream.Usage{InputTokens: 100, CacheWriteTokens: 900 - tokens, CacheReadTokens: tokens, Exact: true}
}

func TestCache(t *testing.T) {
	t.Parallel()
	type sent struct {
		group string
		after time.Duration
		usage upstream.Usage
	}
	tests := []struct {
		name  string
		sent  []sent
		group string
		after time.Duration
		want  float64
	}{
		{"nothing was sent", nil, "a", 0, 0},
		{"a second ago", []sent{{"a", 0, cached(750)}}, "a", time.Second, 0.75},
		{"just within five minutes", []sent{{"a", 0, cached(750)}}, "a", 5*time.Minute - 1, 0.75},
		{"five minutes ago", []sent{{"a", 0, cached(750)}}, "a", 5 * time.Minute, 0},
		{"each use extends its life", []sent{{"a", 0, cached(750)}, {"a", 4 * time.Minute, cached(800)}}, "a", 8 * time.Minute, 0.8},
		{"to another group", []sent{{"a", 0, cached(750)}}, "b", time.Second, 0},
		{"each group has its own", []sent{{"a", 0, cached(750)}, {"b", time.Second, cached(0)}}, "a", 2 * time.Second, 0.75},
		{"written is not read", []sent{{"a", 0, cached(0)}}, "a", time.Second, 0},
		{"a miss takes it back", []sent{{"a", 0, cached(750)}, {"a", time.Second, cached(0)}}, "a", 2 * time.Second, 0},
		{"the latest sent counts, not the latest answered", []sent{{"a", 2 * time.Second, cached(750)}, {"a", time.Second, cached(0)}}, "a", 3 * time.Second, 0.75},
		{"a clock that went back", []sent{{"a", time.Second, cached(750)}}, "a", 0, 0.75},
		{"usage of a stream that broke", []sent{{"a", 0, upstream.Usage{InputTokens: 1, CacheReadTokens: 9}}}, "a", time.Second, 0},
		{"no usage", []sent{{"a", 0, upstream.Usage{Exact: true}}}, "a", time.Second, 0},
		{"all of it", []sent{{"a", 0, upstream.Usage{InputTokens: -1, CacheReadTokens: 9, Exact: true}}}, "a", time.Second, 1},
		{"reads below 0", []sent{{"a", 0, upstream.Usage{InputTokens: 1, CacheReadTokens: -9, Exact: true}}}, "a", time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c estimate.Cache
			for _, s := range tt.sent {
				c.Sent(s.group, "conversation", noon.Add(s.after), s.usage)
			}
			if got := c.Expect(tt.group, "conversation", noon.Add(tt.after)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := c.Expect(tt.group, "another", noon.Add(tt.after)); got != 0 {
				t.Errorf("got %v for another conversation, want 0", got)
			}
		})
	}
}

// The latest 4096 are always known, and one that goes on is not forgotten
// however many others come and go.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c estimate.Cache
	const many = 30_000
	for i := range many {
		c.Sent("a", fmt.Sprint(i), noon, cached(750))
		if i%1000 == 0 {
			c.Sent("a", "going on", noon, cached(500))
		}
	}
	known := 0
	for i := range many {
		share := c.Expect("a", fmt.Sprint(i), noon)
		if share > 0 {
			known++
		} else if i >= many-4096 {
			t.Fatalf("conversation %d of %d is forgotten", i, many)
		}
	}
	if known > 8192 {
		t.Errorf("%d conversations are known, want at most 8192", known)
	}
	if got := c.Expect("a", "going on", noon); got != 0.5 {
		t.Errorf("got %v for the conversation that goes on, want 0.5", got)
	}
}

func TestCacheConcurrently(t *testing.T) {
	t.Parallel()
	var c estimate.Cache
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 500 {
				c.Sent("a", fmt.Sprint(i), noon.Add(time.Duration(n)), cached(750))
				if got := c.Expect("a", fmt.Sprint(i), noon); got != 0.75 {
					t.Errorf("got %v, want 0.75", got)
				}
			}
		})
	}
	wg.Wait()
}
