package rebalance

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// These tests let the job meet real instances, by the records alone.

func instance(table store.Table, keys ...string) *pool.Pool {
	cfg := pool.Config{Name: "claude", Table: table, Now: time.Now}
	for _, k := range keys {
		cfg.Keys = append(cfg.Keys, pool.Key{Name: k, Weight: 1})
	}
	return pool.New(cfg)
}

// book wants a key of those not tried; it returns nil when there is none.
func book(t *testing.T, p *pool.Pool, tried ...string) *pool.Booking {
	t.Helper()
	want := pool.Want{Model: sonnet, Family: sonnet, Tried: map[string]bool{}}
	for _, key := range tried {
		want.Tried[key] = true
	}
	b, err := p.Book(t.Context(), want)
	if err != nil {
		return nil
	}
	return b
}

// learnt settles a booking with an answer of an organisation; class "" is success.
func learnt(t *testing.T, b *pool.Booking, class upstream.Class) {
	t.Helper()
	o := pool.Outcome{Signals: upstream.Signals{Owner: "organisation-a"}}
	if class != "" {
		o.Fault = &upstream.Fault{Class: class, Status: 401}
	}
	b.Learn(t.Context(), o)
	b.Settle(t.Context(), upstream.Usage{})
}

// TestDeadKeyComesBack: refused, quarantined for all, replaced by its owner,
// found to be good, used again, without any client's request having probed it.
func TestDeadKeyComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		here, there := instance(table, "a", "b"), instance(table, "a", "b")
		learnt(t, book(t, here, "b"), upstream.Auth)
		if b := book(t, there, "b"); b != nil {
			t.Fatalf("key %s is used while it is dead", b.Key)
		}
		p := newProvider(map[string]reply{"b": models})
		job := New(wired(table, p, time.Now, "a", "b"))
		run := func() Report {
			t.Helper()
			time.Sleep(time.Minute)
			report, err := job.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return report
		}
		if report := run(); report.Refused != 1 || p.called("a") != 1 {
			t.Errorf("report %+v, want the dead key refused", report)
		}
		for range 8 { // well beyond the rest that the refusal itself called for
			run()
			if b := book(t, there, "b"); b != nil {
				t.Fatal("a client's request is to probe a key that is known to be dead")
			}
		}
		p.answer("a", models)
		restored := 0
		for range 5 {
			restored += run().Restored
		}
		if b := book(t, there, "b"); restored != 1 || b == nil || b.Probe {
			t.Errorf("restored %d times, booking %+v; want the key back without a probe", restored, b)
		}
	})
}

// TestCreditIsProvedByARequest: a free call proves nothing of billing, so one
// real request is let through, and its success brings the group back.
func TestCreditIsProvedByARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		here, there := instance(table, "a", "b"), instance(table, "a", "b")
		learnt(t, book(t, here, "b"), "")
		learnt(t, book(t, here, "a"), "") // one organisation
		learnt(t, book(t, here, "b"), upstream.Billing)
		if b := book(t, there); b != nil {
			t.Fatalf("key %s is used without credit", b.Key)
		}
		time.Sleep(5 * time.Minute)
		p := newProvider(map[string]reply{"a": models, "b": models})
		report, err := New(wired(table, p, time.Now, "a", "b")).Run(t.Context())
		if err != nil || report.Shortened != 1 || len(report.Shared) != 1 {
			t.Fatalf("got %+v, %v; want the group's rest shortened once", report, err)
		}
		time.Sleep(time.Second)
		first := book(t, there)
		if first == nil || !first.Probe {
			t.Fatalf("booking %+v, want a probe", first)
		}
		if second := book(t, here); second != nil {
			t.Errorf("a second request goes beside the probe: %+v", second)
		}
		learnt(t, first, "")
		if b := book(t, here); b == nil || b.Probe {
			t.Errorf("booking %+v, want the group back", b)
		}
	})
}

// TestRestsOfUnknownKeysFollow: a quarantine under a key's own name keeps
// instances away from the organisation that it turns out to be.
func TestRestsOfUnknownKeysFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		here := instance(table, "a", "b")
		b := book(t, here, "b")
		b.Learn(t.Context(), pool.Outcome{Fault: &upstream.Fault{Class: upstream.Billing, Status: 402}}) // says no organisation
		b.Settle(t.Context(), upstream.Usage{})
		p := newProvider(map[string]reply{"a": models, "b": models})
		job := New(wired(table, p, time.Now, "a", "b"))
		for range 2 { // the first learns the organisation, the second carries
			time.Sleep(time.Minute)
			if _, err := job.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := book(t, instance(table, "a", "b")); got != nil {
			t.Errorf("key %s is used, though its organisation has no credit", got.Key)
		}
	})
}
