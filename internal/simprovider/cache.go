package simprovider

import (
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

const (
	// lookback is how many blocks before a breakpoint a cached prefix is
	// searched for (Anthropic docs, prompt caching).
	lookback = 20
	// maxEntries bounds the memory of one organisation's cache.
	maxEntries = 10_000
)

// cache is an organisation's prompt cache. It remembers which prefixes there
// are, not what is in them. The zero cache is empty and ready.
type cache struct {
	mu      sync.Mutex
	entries map[uint64]entry
}

type entry struct {
	ttl     time.Duration
	expires time.Time
}

// use splits a prompt into what is read from the cache, what is written to it
// and the rest, and remembers the prefixes that end at breakpoints.
func (c *cache) use(p *dialogue.Prompt, now time.Time) dialogue.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := dialogue.Usage{CacheRead: c.longest(p, now)}
	covered := u.CacheRead
	for _, s := range p.Segments {
		if s.TTL == 0 || s.Tokens < p.Model.MinCache {
			continue
		}
		written := max(0, s.Tokens-covered)
		if s.TTL > 5*time.Minute {
			u.CacheWrite1h += written
		} else {
			u.CacheWrite5m += written
		}
		covered += written
		c.put(s.Hash, s.TTL, now)
	}
	u.Input = p.Tokens - covered
	return u
}

// longest finds the longest cached prefix that a breakpoint can see, extends
// its life and returns its size.
func (c *cache) longest(p *dialogue.Prompt, now time.Time) int {
	for last := len(p.Segments) - 1; last >= 0; last-- {
		if p.Segments[last].TTL == 0 {
			continue
		}
		for i := last; i >= max(0, last-lookback); i-- {
			e, ok := c.entries[p.Segments[i].Hash]
			if ok && now.Before(e.expires) {
				c.put(p.Segments[i].Hash, e.ttl, now)
				return p.Segments[i].Tokens
			}
		}
	}
	return 0
}

func (c *cache) put(hash uint64, ttl time.Duration, now time.Time) {
	if c.entries == nil {
		c.entries = map[uint64]entry{}
	}
	if _, known := c.entries[hash]; !known && len(c.entries) >= maxEntries {
		c.evict(now)
	}
	c.entries[hash] = entry{ttl, now.Add(ttl)}
}

// evict makes room: whatever has expired, and one more if nothing has.
func (c *cache) evict(now time.Time) {
	for hash, e := range c.entries {
		if !now.Before(e.expires) {
			delete(c.entries, hash)
		}
	}
	for hash := range c.entries {
		if len(c.entries) < maxEntries {
			return
		}
		delete(c.entries, hash)
	}
}

func (c *cache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
