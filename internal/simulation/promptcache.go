package simulation

import "time"

const (
	// cacheLife is how long a prefix stays cached after its last use, and
	// cacheDelay how long after the send of its first request it is there:
	// about when that answer begins (Anthropic docs, prompt caching).
	cacheLife  = 5 * time.Minute
	cacheDelay = time.Second
)

// promptCache is what one organisation has cached: by conversation, since and
// until when.
type promptCache map[string]*cached

type cached struct{ from, until time.Time }

// has reports whether a request's prefix is found.
func (c promptCache) has(r *Request, now time.Time) bool {
	return c.knows(r, now) && !now.Before(c[r.Conversation].from)
}

// knows reports whether it is, or soon will be.
func (c promptCache) knows(r *Request, now time.Time) bool {
	e := c[r.Conversation]
	return e != nil && now.Before(e.until)
}

// use notes that a request was taken.
func (c promptCache) use(r *Request, now time.Time) {
	if r.Conversation == "" {
		return
	}
	e := c[r.Conversation]
	if e == nil || !now.Before(e.until) {
		e = &cached{from: now.Add(cacheDelay)}
		c[r.Conversation] = e
	}
	e.until = now.Add(cacheLife)
}
