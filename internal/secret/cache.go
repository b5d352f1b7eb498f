package secret

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Config says what a Cache reads from and how long it keeps it.
type Config struct {
	// Sources by scheme. A reference of a scheme that has none is an error,
	// which names the scheme.
	Sources map[string]Source
	// TTL is how long a value is served before it is read again; 0 means 5
	// minutes.
	TTL time.Duration
	// Jitter is the part of TTL, 0 to 1, by which a lifetime may be shorter;
	// 0 means 0.2. It keeps instances that started together from reading
	// together ever after.
	Jitter float64
	// Timeout bounds a reading while an older value can be served; 0 means 2
	// seconds. The first reading of a secret has nothing to fall back on and
	// gets five times as long.
	Timeout time.Duration
	// RenewEvery is the least time between two readings of a secret that
	// Renew causes; 0 means 10 seconds.
	RenewEvery time.Duration
	// Now is the clock; nil means the wall clock.
	Now func() time.Time
	// Rand returns numbers in [0, 1); nil means math/rand/v2.
	Rand func() float64
	// Log is told of changes and failures; nil means silence.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.TTL = cmp.Or(c.TTL, 5*time.Minute)
	c.Jitter = cmp.Or(c.Jitter, 0.2)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.RenewEvery = cmp.Or(c.RenewEvery, 10*time.Second)
	if c.Now == nil {
		// Without the monotonic reading, which may stand still while Lambda
		// holds an instance frozen.
		c.Now = func() time.Time { return time.Now().Round(0) }
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Cache serves credentials from memory and reads them again when they have
// grown old or a provider refused one. It is safe for concurrent use and
// starts no goroutines.
//
// A value that has grown old is read again by the request that finds it so,
// within Config.Timeout, while all others are served the old one. Reading in
// the background lost: on Lambda an instance is frozen between requests, so
// the reading would hang over into a later one, its connection dead. Once in
// five minutes one request pays for one call, some 20 ms.
type Cache struct {
	config Config

	mu sync.Mutex // guards all that follows, entries included
	// entries by place: all fields of a secret share one, and so one reading.
	entries map[place]*entry
}

// NewCache returns a cache that has read nothing yet.
func NewCache(c Config) *Cache {
	return &Cache{config: c.withDefaults(), entries: map[place]*entry{}}
}

// Get returns the credential. It waits only for the first reading of a secret;
// later it may, for one of its callers, take up to Config.Timeout. A value is
// served for as long as the source cannot be reached; it ends when the source
// says that the secret or the field is gone. The error names the reference.
func (c *Cache) Get(ctx context.Context, ref Ref) (Value, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(ref)
	for !c.config.Now().Before(e.due) {
		if e.reading == nil {
			c.read(ctx, ref, e)
			break
		}
		if e.doc != nil {
			break // somebody reads already; the old value serves meanwhile
		}
		if err := c.await(ctx, e); err != nil {
			return Value{}, named(ref, err)
		}
	}
	return e.value(ref)
}

// Renew is for a caller whose provider has refused old: it reads the secret
// again unless that was just done, and reports whether what is now valid
// differs from old. However many callers come at once, one reads and the
// others wait for it; a secret is read for this at most once per
// Config.RenewEvery. When the reading fails, v is still the last good value
// and err says why there is no newer one.
func (c *Cache) Renew(ctx context.Context, ref Ref, old Value) (v Value, changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.entry(ref); ; {
		v, err = e.value(ref)
		if err == nil && !v.Equal(old) {
			return v, true, nil
		}
		switch now := c.config.Now(); {
		case e.reading != nil:
			// Once it has ended all is looked at anew: a reading that began
			// before the secret was changed is not an answer.
			if err := c.await(ctx, e); err != nil {
				return v, false, named(ref, err)
			}
		case now.Sub(e.renewed) >= c.config.RenewEvery:
			e.renewed = now
			c.read(ctx, ref, e)
		case err == nil && e.failure != nil:
			return v, false, named(ref, e.failure)
		default:
			return v, false, err
		}
	}
}

func named(ref Ref, err error) error { return fmt.Errorf("secret %s: %w", ref, err) }
