package simprovider

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// prompt has n segments of 100 tokens, hashed by their position, with
// breakpoints of the given lives.
func prompt(n int, marks map[int]time.Duration) *dialogue.Prompt {
	p := &dialogue.Prompt{Model: catalogue.Model{MinCache: 100}, Tokens: n * 100}
	for i := 1; i <= n; i++ {
		p.Segments = append(p.Segments, dialogue.Segment{Hash: uint64(i), Tokens: i * 100, TTL: marks[i]})
	}
	return p
}

const (
	short = 5 * time.Minute
	long  = time.Hour
)

func TestCacheFollowsAConversation(t *testing.T) {
	t.Parallel()
	var c cache
	steps := []struct {
		name   string
		after  time.Duration
		prompt *dialogue.Prompt
		want   dialogue.Usage
	}{
		{"no breakpoint, no cache", 0, prompt(2, nil), dialogue.Usage{Input: 200}},
		{"first turn", 0, prompt(3, map[int]time.Duration{3: short}), dialogue.Usage{CacheWrite5m: 300}},
		{"the breakpoint moved along", time.Minute, prompt(5, map[int]time.Duration{5: short}), dialogue.Usage{CacheRead: 300, CacheWrite5m: 200}},
		{"reading extended the life", 5*time.Minute + 30*time.Second, prompt(3, map[int]time.Duration{3: short}), dialogue.Usage{CacheRead: 300}},
		{"two lives in one prompt", 6 * time.Minute, prompt(6, map[int]time.Duration{4: long, 6: short}), dialogue.Usage{CacheRead: 300, CacheWrite1h: 100, CacheWrite5m: 200}},
		{"the short one is gone", 30 * time.Minute, prompt(6, map[int]time.Duration{6: short}), dialogue.Usage{CacheRead: 400, CacheWrite5m: 200}},
		{"too far back", 31 * time.Minute, prompt(27, map[int]time.Duration{27: long}), dialogue.Usage{CacheWrite1h: 2700}},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, c.use(s.prompt, start.Add(s.after))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
	}
}

func TestCacheWantsALeastSize(t *testing.T) {
	t.Parallel()
	var c cache
	p := prompt(2, map[int]time.Duration{1: short})
	p.Model.MinCache = 101
	for range 2 {
		if got, want := c.use(p, start), (dialogue.Usage{Input: 200}); got != want {
			t.Errorf("usage %+v, want %+v", got, want)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache
	for i := range maxEntries + 100 {
		c.put(uint64(i), short, start)
	}
	if len(c.entries) != maxEntries {
		t.Errorf("%d entries, want %d", len(c.entries), maxEntries)
	}
	c.put(1<<40, short, start.Add(short))
	if len(c.entries) != 1 {
		t.Errorf("%d entries, want 1: all others had expired", len(c.entries))
	}
}
