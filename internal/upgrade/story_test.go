package upgrade

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// This file is compiled in the earlier release's tree too, so it uses only what
// both have: the pool's API, which is a promise, and the rebalancer's.

const (
	sonnet = "claude-sonnet-5"
	haiku  = "claude-haiku-5"
)

// names are the keys of the story: two of one organisation, three alone.
var names = []string{"key-1", "key-2", "key-3", "key-4", "key-5"}

func open(table store.Table) *pool.Pool {
	cfg := pool.Config{Name: "claude", Table: table, Rand: func() float64 { return 0 }, Instance: "instance"}
	for _, name := range names {
		cfg.Keys = append(cfg.Keys, pool.Key{Name: name, Weight: 1})
	}
	// Releases before 0.2 booked only if told so.
	if booking := reflect.ValueOf(&cfg).Elem().FieldByName("Booking"); booking.IsValid() {
		booking.SetBool(true)
	}
	return pool.New(cfg)
}

// call books a named key for a model, and answers the call.
func call(t *testing.T, p *pool.Pool, key, model string, o pool.Outcome) {
	t.Helper()
	want := pool.Want{Model: model, Family: model, Input: 1000, Output: 100, Tried: map[string]bool{}}
	for _, name := range names {
		want.Tried[name] = name != key
	}
	b, err := p.Book(t.Context(), want)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	b.Learn(t.Context(), o)
	b.Settle(t.Context(), upstream.Usage{InputTokens: 900, OutputTokens: 50, Exact: true})
}

// served is an answer with the headers of an organisation.
func served(org string, at time.Time) pool.Outcome {
	return pool.Outcome{Signals: upstream.Signals{Owner: org, Limits: []upstream.Limit{
		{Dimension: upstream.Requests, PerMinute: 1000, Remaining: 900, FullAt: at.Add(6 * time.Second)},
		{Dimension: upstream.InputTokens, PerMinute: 2_000_000, Remaining: 1_500_000, FullAt: at.Add(15 * time.Second)},
		{Dimension: upstream.OutputTokens, PerMinute: 400_000, Remaining: 400_000, FullAt: at},
	}}}
}

func refused(class upstream.Class, retryAfter time.Duration) pool.Outcome {
	return pool.Outcome{Fault: &upstream.Fault{Class: class, Status: 429, Code: "some_code", Message: "no", RetryAfter: retryAfter}}
}

// live is a day in the life of a pool: everything that leaves a record.
func live(t *testing.T, table store.Table) {
	t.Helper()
	p := open(table)
	for i, org := range []string{"org-a", "org-a", "org-b", "org-c", "org-d"} {
		call(t, p, names[i], sonnet, served(org, time.Now()))
		call(t, p, names[i], haiku, served(org, time.Now()))
	}
	tune(t, table)
	time.Sleep(time.Second)
	call(t, p, "key-1", sonnet, refused(upstream.RateLimit, 5*time.Minute)) // the group of key-1 and key-2, one family
	call(t, p, "key-3", sonnet, refused(upstream.Auth, 0))                  // the key, until a probe
	call(t, p, "key-4", haiku, refused(upstream.Billing, 0))                // the whole group, until a probe
	call(t, p, "key-5", haiku, refused(upstream.Permission, 0))             // one key for one model
	call(t, p, "key-5", sonnet, served("org-d", time.Now()))
	time.Sleep(time.Second)
}

// tune runs the rebalancer.
func tune(t *testing.T, table store.Table) {
	t.Helper()
	doc := &config.Config{Pools: map[string]config.Pool{"claude": {Provider: "anthropic"}}}
	claude := doc.Pools["claude"]
	for _, name := range names {
		claude.Keys = append(claude.Keys, config.Key{Name: name, Weight: 1})
	}
	doc.Pools["claude"] = claude
	_, err := rebalance.New(rebalance.Config{Document: doc, Table: table, Log: slog.New(slog.DiscardHandler)}).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
}

// standing is what a release makes of the records, in what all releases say of a
// pool: which key is in which group, what rests, why and until when, and what
// may be booked.
type standing struct {
	Groups map[string]string // by key
	Rests  map[string]rest   // by "group NAME" or "key NAME", and what it covers
	Free   map[string][]string
}

type rest struct {
	Class      string
	Quarantine bool
	Until      time.Time
}

func read(t *testing.T, table store.Table) standing {
	t.Helper()
	p := open(table)
	s := standing{Groups: map[string]string{}, Rests: map[string]rest{}, Free: map[string][]string{}}
	for _, g := range p.State(t.Context()).Groups {
		s.note("group "+g.Name, g.Rests)
		for _, k := range g.Keys {
			s.Groups[k.Name] = g.Name
			s.note("key "+k.Name, k.Rests)
		}
	}
	for _, model := range []string{sonnet, haiku} {
		for _, name := range names {
			if free(t, p, name, model) {
				s.Free[model] = append(s.Free[model], name)
			}
		}
	}
	return s
}

func (s standing) note(of string, rests []pool.Rest) {
	for _, r := range rests {
		s.Rests[of+" "+r.Covers] = rest{r.Class, r.Quarantine, r.Until.UTC()}
	}
}

// free reports whether a key may be used; it books and hands back.
func free(t *testing.T, p *pool.Pool, key, model string) bool {
	want := pool.Want{Model: model, Family: model, Input: 10, Tried: map[string]bool{}}
	for _, name := range names {
		want.Tried[name] = name != key
	}
	b, err := p.Book(t.Context(), want)
	if err != nil {
		return false
	}
	b.Settle(t.Context(), upstream.Usage{})
	return true
}
