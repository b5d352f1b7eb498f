// Package pool decides which key serves a request and what an answer means
// for that key. It is the heart of Fallow and knows neither HTTP nor AWS.
//
// A pool is a set of keys; what really has a limit is the quota group behind
// them. When a provider refuses for a group's sake, the group rests: a
// cooldown is written to the store that all instances share, and nobody uses
// the group before it ends. Book picks a key (waiting for one if that is
// short), Learn takes in what the provider answered, Settle closes the request.
//
// Every instance keeps in memory what it knows of the pool. It reads the shared
// state when that is old, before anybody is sent away or made to wait, and when
// a reservation fails. If the store is slow or down, the request goes on with
// what is known locally: failing open costs a few refusals upstream, failing
// closed would cost the client its answer.
//
// The names and forms of the records are those of package records.
package pool

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what a Pool is made of.
type Config struct {
	// Name of the pool; part of the shared state's key, so instances that
	// should share must agree on it. Required.
	Name string
	// Keys of the pool; at least one, with unique names.
	Keys []Key
	// Table is the shared state. Required.
	Table store.Table
	// Limits of each quota group, as far as the operator knows them: they hold
	// until the provider's headers tell others. Zero means unknown.
	Limits Limits
	// Prepaid says that the provider charges the output asked for when it
	// admits a request (OpenAI, Azure, Bedrock) and not as it is produced
	// (Anthropic).
	Prepaid bool
	// WaitBudget is the longest Book waits for room; 0 means not at all.
	WaitBudget time.Duration
	// Instance names this process as the holder of a probe; empty means a
	// random name.
	Instance string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits until d has passed, wake is closed or ctx has ended, and
	// reports whether d has passed; wake may be nil. Nil means a timer of
	// package time. Where it is set, what is else written behind a caller's back
	// is written before the call returns, so that whoever makes the time knows
	// of all that is under way: package plan does.
	Sleep func(ctx context.Context, d time.Duration, wake <-chan struct{}) bool
	// Rand returns numbers in [0,1) for jitter and for requests without a
	// conversation; nil means math/rand. It must be safe for concurrent use.
	Rand func() float64
	// Others takes the records of the pool's partition that are not its own,
	// whenever the shared state was read; nil discards them. It must be quick.
	Others func([]store.Item)
	// Observe takes changes of cooldowns and the loss of the store, on the way of
	// requests; nil means that they become lines of Log.
	Observe func(context.Context, telemetry.Event)
	// Log takes what else operators should see; nil discards.
	Log *slog.Logger
}

// Key is one credential, by name. The secret itself is not the pool's business.
type Key struct {
	Name string
	// Weight is the base weight, > 0.
	Weight float64
	// Quota is the quota group if the operator named it; empty means learned.
	Quota string
}

// Limits are what a provider allows a quota group each minute; 0 means unknown.
type Limits struct{ Requests, InputTokens, OutputTokens int64 }

// Pool chooses keys. It is safe for concurrent use.
type Pool struct {
	cfg    Config
	shared *shared
	limits [dimensions]int64 // configured

	mu sync.Mutex // guards what follows
	// rests and records are what is known of the pool, see known.go: the
	// records are those of the keys, by name.
	rests   map[records.Scope]rest
	records map[string]store.Item
	owners  map[string]string  // learned here, by key name
	places  []place            // of cfg.Keys, in their order
	weights map[string]float64 // by group name
	scouts  map[string]scout   // by group name
	// candidates is room for choosing, kept to spare the allocation.
	candidates []candidate
	tally      map[string]*tally                   // by key name: counts not yet written
	claims     int                                 // probe leases taken, to tell their holders apart
	quotas     map[records.Scope]quota             // as last seen
	lines      map[counter]*party                  // the next one, while a write is under way
	owed       map[records.Scope][dimensions]int64 // corrections too small to write
	implied    map[records.Scope][dimensions]int64 // arrival times that headers told here
	corrected  map[records.Scope][dimensions]int64 // the sum of all corrections made here
	underway   map[records.Scope][dimensions]int64 // and of what was booked before it was priced
	// unpriced are the bookings under way of which nobody knew the limits.
	unpriced map[*Booking]struct{}
	// lastRead is when the shared state was last read.
	lastRead time.Time
	// reading is the read of the shared state under way; nil when there is none.
	reading *reading
	// changed is closed and replaced whenever a rest begins or ends, or limits
	// become known, so that waiting requests look again.
	changed chan struct{}
}

// New makes a pool. It does no I/O.
func New(cfg Config) *Pool {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = telemetry.Log(cfg.Log).Observe
	}
	if cfg.Instance == "" {
		cfg.Instance = fmt.Sprintf("i-%08x", rand.Uint32())
	}
	cfg.Log = cfg.Log.With("pool", cfg.Name)
	p := &Pool{
		cfg:     cfg,
		shared:  &shared{pool: cfg.Name, table: cfg.Table, now: cfg.Now, observe: cfg.Observe, log: cfg.Log},
		limits:  [dimensions]int64{cfg.Limits.Requests, cfg.Limits.InputTokens, cfg.Limits.OutputTokens},
		rests:   map[records.Scope]rest{},
		records: map[string]store.Item{},
		owners:  map[string]string{},
		places:  make([]place, len(cfg.Keys)),
		weights: map[string]float64{},
		scouts:  map[string]scout{},
		tally:   map[string]*tally{},
		quotas:  map[records.Scope]quota{},
		lines:   map[counter]*party{},
		owed:    map[records.Scope][dimensions]int64{},

		corrected: map[records.Scope][dimensions]int64{},
		underway:  map[records.Scope][dimensions]int64{},
		implied:   map[records.Scope][dimensions]int64{},
		changed:   make(chan struct{}),

		unpriced: map[*Booking]struct{}{},
	}
	p.arrange()
	return p
}

// Name returns the pool's name.
func (p *Pool) Name() string { return p.cfg.Name }

// Want describes the request that needs a key.
type Want struct {
	// Model is the upstream model and Family its quota family.
	Model, Family string
	// Conversation groups requests that share a prompt prefix. They prefer
	// one quota group as long as it has room, because a provider's prompt
	// cache belongs to it. Empty means no preference.
	Conversation string
	// Input is the estimate of the input tokens that will count against the
	// quota, Output the most that may be produced; 0 means unknown. Output
	// matters for prepaid pools only.
	Input, Output int64
	// Tried holds the names of keys that this request has used up.
	Tried map[string]bool
	// Batch marks a request that may wait for those that people wait for: it
	// starts only where a share of the quota stays free for them.
	Batch bool
	// standing says that it has its place among the batch requests.
	standing bool
	// Waited is how much of the wait budget the request has used up, in earlier
	// bookings.
	Waited time.Duration
}

// Booking is a key to use now. Exactly one goroutine uses it; it ends with Settle.
type Booking struct {
	// Key and Group are names, fit for logs and headers.
	Key, Group string
	// Waited is how long Book waited for room.
	Waited time.Duration
	// Probe says that this request alone may test a quarantined key.
	Probe bool

	pool    *Pool
	want    Want
	on      records.Scope     // the quota it is booked on
	billed  records.Scope     // the quota that costs stand on, guarded by the pool's mu
	costs   [dimensions]int64 // ms of refill that were booked, guarded likewise until it is warm
	tail    [dimensions]int64 // arrival times right after it was booked
	room    [dimensions]int64 // of the bursts it may use; 0 where there is no limit
	version int64             // of the quota it was priced with
	cold    bool              // it was booked before any limit was known, and is not priced yet
	thawed  bool              // it was priced when another's answer told the limits; guarded by the pool's mu
	moving  bool              // it is being charged to the quota that its answer told of
	start   time.Time         // the start that was booked
	heard   bool              // the provider has answered
	refund  bool              // the provider charged nothing
	sent    time.Time         // when the caller was let go
	holder  string            // names this booking in a probe lease
	probes  []records.Scope   // rests whose probe lease it holds
	over    []records.Scope   // rests that its success ends
	// corrected is the pool's sum when it got its place.
	corrected [dimensions]int64
	pending   sync.WaitGroup // writes under way
}

// write makes a change to the record of a rest and returns what stands there.
func (p *Pool) write(ctx context.Context, on records.Scope, c store.Change) (told rest, applied bool, err error) {
	item, applied, err := p.update(ctx, on, c)
	return restOf(item), applied, err
}

// update makes a change to the record of a scope and keeps what it tells of
// the quota.
func (p *Pool) update(ctx context.Context, on records.Scope, c store.Change) (store.Item, bool, error) {
	item, applied, err := p.shared.update(ctx, on.In(p.cfg.Name), c)
	if err == nil && on.Metered() {
		p.mu.Lock()
		p.see(on, quotaOf(on.Name, item))
		p.mu.Unlock()
	}
	return item, applied, err
}
