package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// entry is what a Cache knows of one secret.
type entry struct {
	doc      *document     // the last good reading; nil when there is none
	failure  error         // why the last reading failed; nil when it did not
	failures int           // readings that failed in a row
	due      time.Time     // when to read again
	renewed  time.Time     // when Renew last caused a reading
	reading  chan struct{} // closed when the reading under way ends; nil when none is
}

var errUnread = errors.New("the secret has not been read yet")

func (e *entry) value(ref Ref) (Value, error) {
	if e.doc == nil {
		return Value{}, named(ref, cmp.Or(e.failure, errUnread))
	}
	v, err := e.doc.value(ref.Field)
	if err != nil {
		return Value{}, named(ref, err)
	}
	return v, nil
}

// place is a Ref without its field.
type place struct{ scheme, id string }

func (c *Cache) entry(ref Ref) *entry {
	at := place{ref.Scheme, ref.ID}
	e := c.entries[at]
	if e == nil {
		e = &entry{}
		c.entries[at] = e
	}
	return e
}

// read reads e's secret and stores what came of it. It is called with the
// lock held, and lets go of it for as long as the source takes.
func (c *Cache) read(ctx context.Context, ref Ref, e *entry) {
	done := make(chan struct{})
	e.reading = done
	defer func() { e.reading = nil; close(done) }()
	timeout := c.config.Timeout
	if e.doc == nil {
		timeout *= 5
	}
	var doc *document
	var err error
	c.unlocked(func() { doc, err = c.fetch(ctx, ref, timeout) })
	c.store(ref, e, doc, err)
}

// fetch does not end with the request that happens to do it for all: its
// client's hanging up is no reason to count a failure of the source.
func (c *Cache) fetch(ctx context.Context, ref Ref, timeout time.Duration) (*document, error) {
	source := c.config.Sources[ref.Scheme]
	if source == nil {
		return nil, fmt.Errorf("this process has no source for %q references", ref.Scheme)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	text, err := source.Read(ctx, ref.ID)
	if err != nil {
		return nil, err
	}
	return newDocument(text)
}

func (c *Cache) await(ctx context.Context, e *entry) (err error) {
	reading := e.reading
	c.unlocked(func() {
		select {
		case <-reading:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	})
	return err
}

func (c *Cache) unlocked(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock() // also when a source panics: callers unlock on their way out
	f()
}

// errUnfit is for a secret that was JSON and no longer is. That is a slip of
// whoever edited it, and takes all fields away at once: it counts as a failed
// reading, so that the last good fields stay.
var errUnfit = errors.New("the secret is no longer a JSON object")

func (c *Cache) store(ref Ref, e *entry, doc *document, err error) {
	log := c.config.Log.With("secret", Ref{Scheme: ref.Scheme, ID: ref.ID}.String())
	if err == nil && e.isObject() && !doc.isObject() {
		err = errUnfit
	}
	if err != nil {
		c.failed(e, err)
		log.Warn("secret could not be read", "error", err, "old_value_kept", e.doc != nil, "failures", e.failures)
		return
	}
	if e.doc != nil && !e.doc.text.Equal(doc.text) {
		log.Info("secret has changed")
	}
	e.doc, e.failure, e.failures = doc, nil, 0
	e.due = c.config.Now().Add(c.shortened(c.config.TTL))
}

func (e *entry) isObject() bool { return e.doc != nil && e.doc.isObject() }

func (c *Cache) failed(e *entry, err error) {
	if errors.Is(err, ErrGone) {
		e.doc = nil
	}
	e.failure = err
	e.failures++
	e.due = c.config.Now().Add(c.shortened(e.pause()))
}

// pause is how long to leave a source alone that has failed. While there is an
// old value nothing is lost by patience; without one every request fails.
func (e *entry) pause() time.Duration {
	if e.doc == nil {
		return time.Second
	}
	return min(time.Second<<min(e.failures-1, 6), time.Minute)
}

// shortened takes a random part of at most Config.Jitter off d.
func (c *Cache) shortened(d time.Duration) time.Duration {
	return d - time.Duration(c.config.Jitter*c.config.Rand()*float64(d))
}
