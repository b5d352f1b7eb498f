package estimate

import (
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// cacheLife is how long a provider keeps a prefix after its last use, by
	// default. (Anthropic docs, build-with-claude/prompt-caching; OpenAI's is
	// five to ten minutes.)
	cacheLife = 5 * time.Minute
	// cacheHalf bounds each half of a Cache: together they hold 8192 prefixes at
	// most, about 1.5 MB. At least the latest 4096 are always known.
	cacheHalf = 4096
)

// Cache remembers what share of a conversation's prompt a quota group last read
// from the provider's prompt cache. The zero value is ready for use. It is safe
// for concurrent use.
//
// A share is expected only of a group that was sent the same conversation within
// five minutes. Expecting the mean of a client's requests instead made the pool
// send more than a quota held (2.4 refusals per 1000 requests in simulation), as
// half of the expectations fail; so where nothing is remembered nothing is
// expected, not even a quantile. What was only written to the cache is not
// expected either: many prompts end in what no other request repeats.
type Cache struct {
	mu sync.Mutex // guards what follows
	// young and old are two generations: when young is full it becomes old and
	// what was old is forgotten. Conversations that go on are written anew each
	// time, so this forgets the longest unused, without the list that an exact
	// LRU needs.
	young, old map[prefix]sending
}

type prefix struct{ group, conversation string }

// sending is the last request of a prefix.
type sending struct {
	at    time.Time
	share float64
}

// Sent takes in a request that was sent at a time and what came of it. The time
// is that of sending, from which providers count; of requests that overlap the
// latest sent is kept. Usage that is not exact is left out.
func (c *Cache) Sent(group, conversation string, at time.Time, u upstream.Usage) {
	all := Counted(u, true)
	if !u.Exact || all == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := prefix{group, conversation}
	if c.last(p).at.After(at) {
		return
	}
	if _, known := c.young[p]; c.young == nil || !known && len(c.young) >= cacheHalf {
		c.young, c.old = make(map[prefix]sending), c.young
	}
	c.young[p] = sending{at, float64(max(u.CacheReadTokens, 0)) / float64(all)}
}

// Expect returns the share of the conversation's input, 0 to 1, that the group
// will read from its cache if it is sent now.
func (c *Cache) Expect(group, conversation string, now time.Time) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last(prefix{group, conversation})
	if last.at.IsZero() || now.Sub(last.at) >= cacheLife {
		return 0
	}
	return last.share
}

func (c *Cache) last(p prefix) sending {
	if s, ok := c.young[p]; ok {
		return s
	}
	return c.old[p]
}
