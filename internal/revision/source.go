package revision

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
)

// SourceConfig says what a Source takes its document from.
type SourceConfig struct {
	// File is the document that the process was deployed with, and its text.
	// Required: it says whether revisions are followed, and it is in force until
	// there is one.
	File *config.Config
	Text []byte
	// Log holds the revisions. Required if File says that they are followed.
	Log *Log
	// Every is the least time between two readings of the table; 0 means 30
	// seconds.
	Every time.Duration
	// Timeout bounds one reading; 0 means 2 seconds.
	Timeout time.Duration
	// Now is the clock; nil means time.Now without its monotonic reading, which
	// stands still while Lambda holds an instance frozen.
	Now func() time.Time
	// Logger is told of new documents and of those that could not be read; nil
	// means silence.
	Logger *slog.Logger
}

// Source knows the document in force: the deployed file, or the newest good
// revision if that file says so. It is safe for concurrent use and starts no
// goroutines, so that it fits Lambda: whoever finds its knowledge old reads
// the table, and all others go on with what is known.
type Source struct {
	cfg     SourceConfig
	reading chan struct{} // holds one thing while the table is read
	known   atomic.Pointer[known]
}

// known is a document in force. It is never changed.
type known struct {
	doc      *config.Config
	revision Revision
	read     time.Time // when the table last was; zero means never
}

// NewSource returns a source that has read nothing yet.
func NewSource(cfg SourceConfig) *Source {
	if cfg.Every <= 0 {
		cfg.Every = 30 * time.Second
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().Round(0) }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{cfg: cfg, reading: make(chan struct{}, 1)}
	s.known.Store(&known{doc: cfg.File, revision: Revision{Hash: hashOf(cfg.Text), Source: FromFile}})
	return s
}

// Current returns the document in force and where it comes from. The first
// call waits for the table, at most SourceConfig.Timeout; later one caller in
// SourceConfig.Every does. It cannot fail: without a table it is the last good
// revision, or the file. The document is shared and must not be changed.
func (s *Source) Current(ctx context.Context) (*config.Config, Revision) {
	k := s.known.Load()
	if !s.old(k) {
		return k.doc, k.revision
	}
	if !s.begin(ctx, k.read.IsZero()) {
		return k.doc, k.revision
	}
	defer func() { <-s.reading }()
	if k = s.known.Load(); s.old(k) { // somebody else may have read meanwhile
		k = s.next(ctx, k)
		s.known.Store(k)
	}
	return k.doc, k.revision
}

// begin reports whether the caller may read the table now. Only before the
// first reading it waits for its turn: the file may be older than what others
// already serve.
func (s *Source) begin(ctx context.Context, wait bool) bool {
	select {
	case s.reading <- struct{}{}:
		return true
	default:
	}
	if !wait {
		return false
	}
	select {
	case s.reading <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// old reports whether it is time to read the table. A clock that went back is
// no reason to wait longer.
func (s *Source) old(k *known) bool {
	if s.cfg.File.Admin.Config.Source != config.SourceTable {
		return false
	}
	age := s.cfg.Now().Sub(k.read)
	return age < 0 || age >= s.cfg.Every
}

// next reads the table and returns what is known from now on.
func (s *Source) next(ctx context.Context, k *known) *known {
	// Not ended by the request that happens to read for all.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Timeout)
	defer cancel()
	same := &known{k.doc, k.revision, s.cfg.Now()}
	head, err := s.cfg.Log.Head(ctx)
	if errors.Is(err, ErrNone) && k.revision.Number == 0 {
		return same
	}
	if err != nil {
		s.cfg.Logger.Warn("config revisions cannot be read", "error", err, "in_force", k.revision.String())
		return same
	}
	if head.Number == k.revision.Number && head.Hash == k.revision.Hash {
		return same
	}
	doc, err := head.Parse()
	if err != nil {
		s.cfg.Logger.Error("config revision cannot be used", "revision", head.String(), "error", err, "in_force", k.revision.String())
		return same
	}
	s.cfg.Logger.Info("config revision is in force", "revision", head.Number, "hash", head.Hash, "author", head.Author,
		"source", head.Source, "changes", len(Diff(k.doc, doc)), "drift_from_file", len(Diff(s.cfg.File, doc)))
	return &known{doc, head.Revision, same.read}
}

// Watch looks for a new document every SourceConfig.Every until ctx ends, and
// calls changed with each that differs from the one that since names. Calls do
// not overlap. It is for the server mode: on Lambda, where nothing runs between
// requests, Current is called by the requests.
func (s *Source) Watch(ctx context.Context, since Revision, changed func(*config.Config, Revision)) {
	ticker := time.NewTicker(s.cfg.Every)
	defer ticker.Stop()
	for {
		if doc, now := s.Current(ctx); now.Hash != since.Hash {
			since = now
			changed(doc, now)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
