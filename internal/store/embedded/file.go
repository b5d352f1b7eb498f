package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/fallow-dev/fallow/internal/store"
)

// File is a table in a file that one process at a time can open. It answers
// from memory, and a goroutine writes what has changed to the file every
// FlushEvery, in one transaction that is synced to the disk.
//
// So an Update costs a microsecond instead of the milliseconds of a disk sync,
// and a crash loses the changes of the last FlushEvery: cooldowns that last
// seconds and are learned again with the next 429. What it cannot do is
// corrupt the file. The cheaper-looking way, bbolt's NoSync, was not taken for
// that reason: after a power cut it may leave pages that point at nothing.
type File struct {
	*Memory
	db      *bolt.DB
	onError func(error)
	flushMu sync.Mutex // one flush at a time, so that an older state never overwrites a newer
	stop    context.CancelFunc
	stopped chan struct{}
}

var _ store.Table = (*File)(nil)

// FileConfig says how a File treats its disk.
type FileConfig struct {
	// FlushEvery is how often changes go to the file, and so the time whose
	// changes a crash may lose. Zero means one second.
	FlushEvery time.Duration
	// LockTimeout is how long OpenFile waits for another process to close the
	// file. Zero means one second.
	LockTimeout time.Duration
	// OnError is told when changes could not be written, for example because
	// the disk is full; the table goes on from memory and tries again at the
	// next flush. Nil means that nobody is told. It runs on the goroutine that
	// flushes.
	OnError func(error)
}

func (c FileConfig) withDefaults() FileConfig {
	if c.FlushEvery <= 0 {
		c.FlushEvery = time.Second
	}
	if c.LockTimeout <= 0 {
		c.LockTimeout = time.Second
	}
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	return c
}

// OpenFile opens the table in the file at path and creates it if there is
// none; its directory must exist. The table must be closed.
func OpenFile(path string, cfg FileConfig) (*File, error) {
	cfg = cfg.withDefaults()
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: cfg.LockTimeout,
		// The list of free pages is found again at the next open, in
		// milliseconds for a file of this size, and each flush writes less.
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("another fallow process is using %s: stop it or name another file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open store file %s: %w", path, err)
	}
	memory, err := load(db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read store file %s: %w", path, err), db.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &File{Memory: memory, db: db, onError: cfg.OnError, stop: stop, stopped: make(chan struct{})}
	go f.flushLoop(ctx, cfg.FlushEvery)
	return f, nil
}

// Flush writes what has changed and returns when it is safe on the disk.
func (f *File) Flush() error {
	f.flushMu.Lock()
	defer f.flushMu.Unlock()
	items := f.takeDirty()
	if len(items) == 0 {
		return nil
	}
	if err := save(f.db, items); err != nil {
		f.markDirty(items)
		return fmt.Errorf("write store file %s: %w", f.db.Path(), err)
	}
	return nil
}

// Close flushes and frees the file. No method may be called after it.
func (f *File) Close() error {
	f.stop()
	<-f.stopped
	return errors.Join(f.Flush(), f.db.Close())
}

func (f *File) flushLoop(ctx context.Context, every time.Duration) {
	defer close(f.stopped)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := f.Flush(); err != nil {
				f.onError(err)
			}
		}
	}
}
