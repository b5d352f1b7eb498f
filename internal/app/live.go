package app

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/revision"
)

// LiveConfig says what a Live serves and what it follows.
type LiveConfig struct {
	// Config is what each gateway is put together from. Its Document is the
	// deployed one, which says whether revisions in Table are followed.
	Config
	// File is the path that Document was loaded from. Required if revisions are
	// followed: the head often has that very text, and nothing is built then.
	File string
	// Check refuses documents that must not be served here, whether deployed or
	// a revision; nil refuses none. It is the place of config.CheckListen.
	Check func(*config.Config) error
	// Beside adds to each gateway what is served beside it; nil adds nothing.
	Beside func(*gateway.Gateway) http.Handler
	// Now is the clock that says when the table is read again; nil means time.Now
	// without its monotonic reading.
	Now func() time.Time
}

// Live serves the document in force: the deployed one or, if that says
// admin.config.source: table, the newest revision that can be served. A new
// revision gets a gateway of its own, and the one before finishes the requests
// that it has. To change a running gateway instead, every part of it would
// have to bear two documents at once.
//
// It is an http.Handler, safe for concurrent use. It starts no goroutines: a
// server runs Follow in one, a Lambda function serves Polled.
type Live struct {
	cfg     LiveConfig
	source  *revision.Source // nil if revisions are not followed
	serving atomic.Pointer[served]
	tried   atomic.Pointer[revision.Revision] // the last one, served or unfit

	mu sync.Mutex // held by whoever builds and swaps
}

// served is a gateway and what it was built from. It is never changed.
type served struct {
	gateway  *gateway.Gateway
	handler  http.Handler
	document *config.Config
	revision revision.Revision
	since    time.Time
}

var _ http.Handler = (*Live)(nil)

// NewLive builds the deployed document, which must be fit to be served. If
// revisions are followed it then takes the newest one in its place: that reads
// the table once, for at most 2 s, and without an answer the deployed document
// is served until the next reading. If they are not, it does no I/O.
func NewLive(ctx context.Context, cfg LiveConfig) (*Live, error) {
	cfg = cfg.withDefaults()
	l := &Live{cfg: cfg}
	first, err := l.build(cfg.Document, revision.Revision{Source: revision.FromFile})
	if err != nil {
		return nil, err
	}
	if l.source, first.revision.Hash, err = follow(cfg); err != nil {
		return nil, err
	}
	l.serving.Store(first)
	l.tried.Store(&first.revision)
	l.begin(ctx)
	return l, nil
}

// begin takes the newest revision, and tells what is served at the start even
// if that is none.
func (l *Live) begin(ctx context.Context) {
	if l.source == nil {
		return
	}
	l.refresh(ctx, nil)
	if s := l.serving.Load(); s.revision.Number == 0 {
		l.tell(s.revision)
	}
}

// ServeHTTP answers one request by the document in force.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.serving.Load().handler.ServeHTTP(w, r)
}

// Polled is for Lambda, where nothing runs between requests: every request asks
// for the document in force before it is served. Each 30 s one of them reads the
// table for that. The first one after a long sleep does as well, so that it is
// not served by what was in force then.
func (l *Live) Polled() http.Handler {
	if l.source == nil {
		return l
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, now := l.source.Current(r.Context()); now != *l.tried.Load() {
			l.refresh(r.Context(), nil)
		}
		l.ServeHTTP(w, r)
	})
}

// Follow is for servers: it looks for a new revision each 30 s until ctx ends,
// and reads the credentials of a new document before requests need them. If
// revisions are not followed it returns at once.
func (l *Live) Follow(ctx context.Context) {
	if l.source == nil {
		return
	}
	l.source.Watch(ctx, *l.tried.Load(), func(*config.Config, revision.Revision) {
		l.refresh(ctx, func(g *gateway.Gateway) {
			ctx, cancel := context.WithTimeout(ctx, warmBefore)
			defer cancel()
			g.Warm(ctx)
		})
	})
}

// warmBefore bounds how long a new document waits for its credentials. It is
// served then all the same: the one before may be worse.
const warmBefore = 10 * time.Second

// Current returns the document that is served and where it comes from. It is
// not always the newest: that one may be unfit. The document is shared and must
// not be changed.
func (l *Live) Current(context.Context) (*config.Config, revision.Revision) {
	s := l.serving.Load()
	return s.document, s.revision
}

// InForce is what operators are told of the document that is served.
func (l *Live) InForce() gateway.InForce {
	s := l.serving.Load()
	return inForce(s.revision, s.since)
}

// Warm is gateway.Gateway.Warm for the document in force.
func (l *Live) Warm(ctx context.Context) { l.serving.Load().gateway.Warm(ctx) }

// refresh serves the document in force unless that was tried already. prepare,
// which may be nil, gets a new gateway before requests do.
func (l *Live) refresh(ctx context.Context, prepare func(*gateway.Gateway)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Asked only now: a caller that had to wait for another's swap would undo
	// it with what it had learned before.
	doc, now := l.source.Current(ctx)
	if now == *l.tried.Load() {
		return
	}
	defer l.tried.Store(&now)
	before := l.serving.Load()
	if now.Hash == before.revision.Hash { // the same text, as after a rollback
		l.swap(&served{before.gateway, before.handler, doc, now, l.cfg.Now()})
		return
	}
	next, err := l.build(doc, now)
	if err != nil {
		l.cfg.Log.Error("config revision cannot be served", "revision", now.String(), "hash", now.Hash, "error", err,
			"served", before.revision.String())
		return
	}
	if prepare != nil {
		prepare(next.gateway)
	}
	l.swap(next)
}

func (l *Live) swap(next *served) {
	l.serving.Store(next)
	l.tell(next.revision)
}

func (l *Live) tell(r revision.Revision) {
	l.cfg.Log.Info("config is served", "revision", r.String(), "hash", r.Hash)
}

// build makes a gateway of a document. It does no I/O.
func (l *Live) build(doc *config.Config, from revision.Revision) (*served, error) {
	if l.cfg.Check != nil {
		if err := l.cfg.Check(doc); err != nil {
			return nil, err
		}
	}
	cfg := l.cfg.Config
	cfg.Document, cfg.InForce = doc, l.InForce
	g, err := New(cfg)
	if err != nil {
		return nil, err
	}
	s := &served{gateway: g, handler: g, document: doc, revision: from, since: l.cfg.Now()}
	if l.cfg.Beside != nil {
		s.handler = l.cfg.Beside(g)
	}
	return s, nil
}
