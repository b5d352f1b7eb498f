package revision_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

// source follows a table from a deployed file of weight 1.
func source(t *testing.T, table store.Table, edit ...func(*revision.SourceConfig)) *revision.Source {
	t.Helper()
	text := document(1, followed)
	cfg := revision.SourceConfig{File: parse(t, text), Text: text, Log: newLog(table)}
	for _, e := range edit {
		e(&cfg)
	}
	return revision.NewSource(cfg)
}

// wantCurrent checks the weight of the first key and the revision's number.
func wantCurrent(t *testing.T, s *revision.Source, number int64, weight float64) {
	t.Helper()
	doc, now := s.Current(t.Context())
	if got := doc.Pools["claude"].Keys[0].Weight; now.Number != number || got != weight {
		t.Errorf("got %v with weight %v, want revision %d with %v", now, got, number, weight)
	}
}

func wantGets(t *testing.T, table *storetest.Faulty, want int64) {
	t.Helper()
	if _, gets, _ := table.Calls(); gets != want {
		t.Errorf("the table was read %d times, want %d", gets, want)
	}
}

func TestFileThatDoesNotFollow(t *testing.T) {
	t.Parallel()
	table := memory()
	apply(t, newLog(table), draft(document(9), "alice"))
	text := document(1)
	s := revision.NewSource(revision.SourceConfig{File: parse(t, text), Text: text})
	wantCurrent(t, s, 0, 1)
	if _, now := s.Current(t.Context()); now.Source != revision.FromFile || now.String() != "the deployed file" {
		t.Errorf("got %+v, want the file", now)
	}
}

func TestSourceFollowsTheTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := storetest.NewFaulty(memory())
		log := newLog(table)
		s := source(t, table)
		wantCurrent(t, s, 0, 1)
		apply(t, log, draft(document(2), "alice"))
		wantCurrent(t, s, 0, 1) // not read again yet
		time.Sleep(30 * time.Second)
		wantCurrent(t, s, 1, 2)
		apply(t, log, draft(document(3), "alice"))
		time.Sleep(30*time.Second - 1)
		wantCurrent(t, s, 1, 2)
		time.Sleep(time.Nanosecond)
		wantCurrent(t, s, 2, 3)
		_, before, _ := table.Calls()
		for range 100 {
			wantCurrent(t, s, 2, 3)
			time.Sleep(time.Second)
		}
		wantGets(t, table, before+3)
	})
}

func TestSourceKeepsTheLastGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memory()
		table := storetest.NewFaulty(inner)
		log := newLog(inner)
		var out bytes.Buffer
		s := source(t, table, func(c *revision.SourceConfig) { c.Logger = logTo(&out) })
		table.Down(true)
		wantCurrent(t, s, 0, 1) // starts with the file when the table is down
		table.Down(false)
		apply(t, log, draft(document(2), "alice"))
		time.Sleep(30 * time.Second)
		wantCurrent(t, s, 1, 2)
		table.Down(true)
		time.Sleep(30 * time.Second)
		wantCurrent(t, s, 1, 2)
		table.Down(false)
		// A newer program may write what this one cannot read.
		head := store.Key{Partition: "config#main", Sort: "head"}
		newer := store.Change{Do: []store.Assign{
			store.Set("number", store.Num(2)), store.Set("text_1", store.Text("version: 2\n")),
			store.Set("hash", store.Text("18bcfb02c5b9b04c7dd53b8cf62d4fb8aa2a41c10f9fc2fe5f0c4d9f51d93b4e")),
		}}
		if _, err := inner.Update(t.Context(), head, newer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		wantCurrent(t, s, 1, 2)
		for _, attr := range []string{"number", "text_1", "hash"} { // somebody has emptied the table
			if _, err := inner.Update(t.Context(), head, store.Change{Do: []store.Assign{store.Remove(attr)}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Second)
		wantCurrent(t, s, 1, 2)
		for _, want := range []string{"cannot be read", "injected fault", "revision 1 by alice", "drift_from_file=2", "changes=2"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("log lacks %q:\n%s", want, out.String())
			}
		}
	})
}

// TestRevisionThatDoesNotParse: faults are told, the old document stays.
func TestRevisionThatDoesNotParse(t *testing.T) {
	t.Parallel()
	table := memory()
	log := newLog(table)
	apply(t, log, draft(document(2), "alice"))
	var out bytes.Buffer
	at := time.Unix(1e9, 0)
	s := source(t, table, func(c *revision.SourceConfig) {
		c.Logger, c.Now = logTo(&out), func() time.Time { return at }
	})
	wantCurrent(t, s, 1, 2)
	revision.PutHead(t, log, "version: 2\n")
	at = at.Add(-time.Hour) // a clock that went back must not stop the reading
	wantCurrent(t, s, 1, 2)
	if !strings.Contains(out.String(), "cannot be used") || !strings.Contains(out.String(), "this program reads version 1") {
		t.Errorf("log: got\n%s, want the fault", out.String())
	}
}

// TestSlowTable: only the first call waits, and not longer than it may; later
// one caller does and all others go on.
func TestSlowTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := storetest.NewFaulty(memory())
		s := source(t, table)
		table.Delay(time.Hour)
		begin := time.Now()
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { wantCurrent(t, s, 0, 1) })
		}
		all.Wait()
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("the first calls took %v, want 2s", took)
		}
		wantGets(t, table, 1)
		time.Sleep(30 * time.Second)
		leader := make(chan struct{})
		go func() { defer close(leader); s.Current(t.Context()) }()
		synctest.Wait()
		begin = time.Now()
		wantCurrent(t, s, 0, 1)
		if took := time.Since(begin); took != 0 {
			t.Errorf("another caller waited %v", took)
		}
		<-leader
		wantGets(t, table, 2)
	})
}

// TestCallerThatLeaves: the reading is for all, and is not ended by the client
// of the request that happens to do it.
func TestCallerThatLeaves(t *testing.T) {
	t.Parallel()
	table := memory()
	apply(t, newLog(table), draft(document(2), "alice"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, now := source(t, table).Current(ctx); now.Number != 1 {
		t.Errorf("got %v, want revision 1", now)
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := memory()
		log := newLog(table)
		s := source(t, table)
		ctx, cancel := context.WithCancel(t.Context())
		var seen []int64
		_, since := s.Current(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Watch(ctx, since, func(doc *config.Config, r revision.Revision) {
				if doc.Pools["claude"].Keys[0].Weight != float64(r.Number+1) {
					t.Errorf("revision %d came with another's document", r.Number)
				}
				seen = append(seen, r.Number)
			})
		}()
		time.Sleep(time.Minute)
		apply(t, log, draft(document(2), "alice"))
		time.Sleep(time.Minute)
		apply(t, log, draft(document(3), "alice"))
		time.Sleep(time.Minute)
		cancel()
		<-done
		if len(seen) != 2 || seen[0] != 1 || seen[1] != 2 {
			t.Errorf("got calls for %v, want one for each revision", seen)
		}
	})
}

func BenchmarkCurrent(b *testing.B) {
	text := document(1, followed)
	doc, err := config.Parse(text, "")
	if err != nil {
		b.Fatal(err)
	}
	s := revision.NewSource(revision.SourceConfig{File: doc, Text: text, Log: newLog(memory())})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		s.Current(ctx)
	}
}
