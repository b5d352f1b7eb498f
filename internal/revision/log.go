package revision

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// Config says where a Log is.
type Config struct {
	// Table holds the revisions. Required.
	Table store.Table
	// Name tells the documents of several deployments in one table apart; empty
	// means "main".
	Name string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Mark makes a text that no other writer makes; nil means crypto/rand.
	Mark func() string
}

// Log is the line of revisions of one document. It is safe for concurrent use,
// in one process and in many.
type Log struct{ cfg Config }

// New returns the log. It makes no call, and panics if Config has no Table.
func New(cfg Config) *Log {
	if cfg.Table == nil {
		panic("revision: Config needs a Table")
	}
	cfg.Name = cmp.Or(cfg.Name, "main")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Mark == nil {
		cfg.Mark = rand.Text
	}
	return &Log{cfg}
}

const headSort = "head"

func (l *Log) key(sort string) store.Key {
	return store.Key{Partition: "config#" + l.cfg.Name, Sort: sort}
}

// numberSort has leading zeros for those who look at the table: a million
// revisions sort as they came.
func numberSort(number int64) string { return fmt.Sprintf("rev#%06d", number) }

// Head returns the revision in force; ErrNone when there is none.
func (l *Log) Head(ctx context.Context) (Entry, error) {
	item, err := l.headItem(ctx)
	if err != nil {
		return Entry{}, err
	}
	return entryOf(item)
}

func (l *Log) headItem(ctx context.Context) (store.Item, error) {
	item, ok, err := l.cfg.Table.Get(ctx, l.key(headSort))
	if err == nil && !ok {
		err = ErrNone
	}
	return item, err
}

// Get returns a revision; a *NotFoundError when there is no such number, and
// ErrNone when there is none at all.
func (l *Log) Get(ctx context.Context, number int64) (Entry, error) {
	head, err := l.Head(ctx)
	if errors.Is(err, ErrNone) {
		return Entry{}, err
	}
	if err == nil && head.Number == number {
		return head, nil
	}
	// A head that cannot be read is no reason not to read what came before it.
	item, ok, err := l.cfg.Table.Get(ctx, l.key(numberSort(number)))
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, &NotFoundError{Number: number, Head: head.Number}
	}
	return entryOf(item)
}

// maxHistory bounds a History.
const maxHistory = 1000

// History returns at most limit revisions, newest first; ErrNone when there is
// none. It reads them one by one from the head back: to query them all would
// read every document ever written, to show ten lines.
func (l *Log) History(ctx context.Context, limit int) ([]Revision, error) {
	item, err := l.headItem(ctx)
	if err != nil {
		return nil, err
	}
	found := []Revision{revisionOf(item)}
	for n := found[0].Number - 1; n > 0 && len(found) < min(limit, maxHistory); n-- {
		item, ok, err := l.cfg.Table.Get(ctx, l.key(numberSort(n)))
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, revisionOf(item))
		}
	}
	return found, nil
}
