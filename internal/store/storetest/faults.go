package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// testStaleWriter writes with the view of an earlier version: it must lose and
// learn in the same answer what to base the next attempt on.
func testStaleWriter(t *testing.T, table store.Table) {
	next := func(view store.Item, by string) store.Change {
		return doIf(store.Is("version", store.EQ, store.Num(view.Int("version"))), store.Add("version", 1), store.Set("by", store.Text(by)))
	}
	view := update(t, table, key, do(store.Set("version", store.Num(1)))).Item
	update(t, table, key, next(view, "first"))
	lost := update(t, table, key, next(view, "stale"))
	if lost.Applied {
		t.Fatal("a writer with an old view was applied")
	}
	wantSame(t, lost.Item, store.Item{Key: key, Attrs: attrs{"version": store.Num(2), "by": store.Text("first")}})
	if got := update(t, table, key, next(lost.Item, "stale")); !got.Applied {
		t.Error("not applied with the view that the refusal gave")
	}
	wantItem(t, table, key, attrs{"version": store.Num(3), "by": store.Text("stale")})
}

// testLostReply repeats a change that was applied without its writer knowing.
func testLostReply(t *testing.T, table store.Table) {
	faulty := NewFaulty(table)
	faulty.LoseReplies(true)
	if got, err := faulty.Update(context.Background(), key, raise(100)); !errors.Is(err, ErrInjected) || got.Applied {
		t.Fatalf("got %v, %v; want the injected error", got, err)
	}
	faulty.LoseReplies(false)
	got := update(t, faulty, key, raise(100))
	if got.Applied {
		t.Error("the repeated change was applied again, so the first was not")
	}
	wantSame(t, got.Item, store.Item{Key: key, Attrs: attrs{"end": store.Num(100)}})
	wantItem(t, table, key, attrs{"end": store.Num(100)})
}

func testEndedContext(t *testing.T, table store.Table) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{cancelled, late} {
		_, updateErr := table.Update(ctx, key, do(store.Set("a", store.Num(1))))
		_, _, getErr := table.Get(ctx, key)
		_, queryErr := table.Query(ctx, key.Partition)
		for call, err := range map[string]error{"Update": updateErr, "Get": getErr, "Query": queryErr} {
			if !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: got error %v, want %v", call, err, ctx.Err())
			}
		}
	}
	wantItem(t, table, key, nil)
}
