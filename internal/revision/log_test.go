package revision_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

func TestNothingYet(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	_, head := log.Head(t.Context())
	_, get := log.Get(t.Context(), 1)
	_, history := log.History(t.Context(), 10)
	_, _, rollback := log.Rollback(t.Context(), 1, draft(nil, "alice"))
	for name, err := range map[string]error{"head": head, "get": get, "history": history, "rollback": rollback} {
		if !errors.Is(err, revision.ErrNone) {
			t.Errorf("%s: got %v, want ErrNone", name, err)
		}
	}
}

func TestApplyAndHistory(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	first := apply(t, log, revision.Draft{Text: document(1), Author: "alice", Note: "begin", Source: revision.FromDeploy})
	second := apply(t, log, draft(document(2), "bob"))
	wantHead(t, log, 2, document(2))
	want := revision.Revision{
		Number: 1, Hash: first.Hash, Author: "alice", Note: "begin", Source: "deploy",
		At: time.Date(2026, 11, 22, 9, 0, 1, 0, time.UTC),
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("first revision (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(first.Hash, config.Revision(document(1))) || len(first.Hash) != 64 {
		t.Errorf("hash %q does not begin with the name that config gives the text", first.Hash)
	}
	history, err := log.History(t.Context(), 10)
	if diff := cmp.Diff([]revision.Revision{second, first}, history); diff != "" || err != nil {
		t.Errorf("history, %v (-want +got):\n%s", err, diff)
	}
	if history, _ := log.History(t.Context(), 1); len(history) != 1 || history[0].Number != 2 {
		t.Errorf("history of 1: got %v, want the newest", history)
	}
	old, err := log.Get(t.Context(), 1)
	if err != nil || !bytes.Equal(old.Text, document(1)) || old.Revision != first {
		t.Errorf("got %+v, %v; want the first revision as it was", old.Revision, err)
	}
	var missing *revision.NotFoundError
	if _, err := log.Get(t.Context(), 3); !errors.As(err, &missing) || missing.Head != 2 || err.Error() != "there is no revision 3; there are 1 to 2" {
		t.Errorf("got %v, want one that names the newest", err)
	}
}

func TestApplyTwiceMakesOneRevision(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	first := apply(t, log, draft(document(1), "alice"))
	again, written, err := log.Apply(t.Context(), draft(document(1), "bob"))
	if err != nil || written || again != first {
		t.Errorf("got %v, %v, %v; want the first revision, not written again", again, written, err)
	}
	// A draft of an old base that says what is in force already has nothing to lose.
	apply(t, log, draft(document(2), "bob"))
	late := draft(document(2), "carol")
	late.Base = 1
	if now, written, err := log.Apply(t.Context(), late); err != nil || written || now.Number != 2 {
		t.Errorf("got %v, %v, %v; want revision 2", now, written, err)
	}
}

func TestApplyRefusesFaultyDrafts(t *testing.T) {
	t.Parallel()
	good := draft(document(1), "alice")
	tests := []struct {
		name string
		edit func(*revision.Draft)
		want string
	}{
		{"faults, all of them", func(d *revision.Draft) { d.Text = []byte("version: 1\n") }, "fallow.yaml:1:1: clients.auth: is missing"},
		{"larger than a document may be", func(d *revision.Draft) { d.Text = bytes.Repeat([]byte("#"), 1<<20) }, "larger than 128 KiB"},
		{"nobody", func(d *revision.Draft) { d.Author = "" }, "needs an author"},
		{"author that moves the cursor", func(d *revision.Draft) { d.Author = "a\x1b[2J" }, "printable"},
		{"long author", func(d *revision.Draft) { d.Author = strings.Repeat("ü", 257) }, "1 to 256"},
		{"note of lines", func(d *revision.Draft) { d.Note = "a\nb" }, "printable"},
		{"long note", func(d *revision.Draft) { d.Note = strings.Repeat("n", 1001) }, "at most 1000"},
		{"unknown source", func(d *revision.Draft) { d.Source = revision.FromFile }, `not from "file"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, d := newLog(memory()), good
			tt.edit(&d)
			if _, written, err := log.Apply(t.Context(), d); err == nil || written || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
			if _, err := log.Head(t.Context()); !errors.Is(err, revision.ErrNone) {
				t.Errorf("head: got %v, want none", err)
			}
		})
	}
}

func TestConflictNamesTheOther(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	apply(t, log, draft(document(1), "alice"))
	apply(t, log, draft(document(2), "bob"))
	late := draft(document(3), "carol")
	late.Base = 1
	_, _, err := log.Apply(t.Context(), late)
	var conflict *revision.Conflict
	if !errors.As(err, &conflict) || conflict.Other.Author != "bob" || conflict.Other.Number != 2 || conflict.Base != 1 {
		t.Fatalf("got %v, want a conflict with bob's revision 2", err)
	}
	if want := "revision 2 by bob (cli, 2026-11-22 09:00:02 UTC) was written since revision 1: "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %q, want it to begin %q", err, want)
	}
	wantHead(t, log, 2, document(2))
}

func TestRollbackIsANewRevision(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	apply(t, log, draft(document(1), "alice"))
	apply(t, log, draft(document(2), "bob"))
	made, written, err := log.Rollback(t.Context(), 1, draft(nil, "carol"))
	if err != nil || !written || made.Number != 3 || made.RollbackTo != 1 || made.Author != "carol" {
		t.Errorf("got %+v, %v, %v; want revision 3 by carol", made, written, err)
	}
	wantHead(t, log, 3, document(1))
	if _, written, err := log.Rollback(t.Context(), 3, draft(nil, "carol")); err != nil || written {
		t.Errorf("rollback to the head: %v, written %v; want nothing done", err, written)
	}
	var missing *revision.NotFoundError
	if _, _, err := log.Rollback(t.Context(), 9, draft(nil, "carol")); !errors.As(err, &missing) {
		t.Errorf("got %v, want that there is no such revision", err)
	}
}

func TestForbiddenDrift(t *testing.T) {
	t.Parallel()
	log := newLog(memory())
	apply(t, log, draft(document(1, committed), "alice")) // the first may come from anywhere
	for _, source := range []string{revision.FromCLI, revision.FromConsole} {
		_, _, err := log.Apply(t.Context(), revision.Draft{Text: document(2), Author: "bob", Source: source})
		var drift *revision.DriftError
		if !errors.As(err, &drift) || !strings.Contains(err.Error(), "forbid_drift") || !strings.Contains(err.Error(), source) {
			t.Errorf("%s: got %v, want a DriftError", source, err)
		}
	}
	wantHead(t, log, 1, document(1, committed))
	apply(t, log, revision.Draft{Text: document(2), Author: "ci", Source: revision.FromDeploy})
	apply(t, log, draft(document(3), "bob")) // the deployment has lifted it
}

// TestLargeDocuments: what the config takes, the table holds, however badly it
// compresses; and a small one after a large one leaves nothing of it.
func TestLargeDocuments(t *testing.T) {
	t.Parallel()
	onTables(t, func(t *testing.T, table store.Table) {
		log := newLog(table)
		noise := rand.NewChaCha8([32]byte{})
		random := make([]byte, 127<<10-len(document(1)))
		for i := range random {
			random[i] = byte('!' + noise.Uint64()%90)
		}
		docs := [][]byte{
			append(document(1), append([]byte("#"), random...)...),
			document(2),
			append(document(3), []byte("# latin-1: \xfc\n")...),
			append(document(4), bytes.Repeat([]byte("# the same again\n"), 7000)...),
		}
		for i, text := range docs {
			apply(t, log, draft(text, "alice"))
			wantHead(t, log, int64(i+1), text)
		}
		for i, text := range docs {
			if e, err := log.Get(t.Context(), int64(i+1)); err != nil || !bytes.Equal(e.Text, text) {
				t.Errorf("revision %d: %v, %d bytes; want %d", i+1, err, len(e.Text), len(text))
			}
		}
	})
}

// TestWriterThatDied: the head is in force though its copy was never made, and
// the next writer makes it.
func TestWriterThatDied(t *testing.T) {
	t.Parallel()
	table := &dying{Table: memory()}
	log := newLog(table)
	apply(t, log, draft(document(1), "alice"))
	table.uncopied = "rev#000002"
	apply(t, log, draft(document(2), "bob"))
	wantHead(t, log, 2, document(2))
	if e, err := log.Get(t.Context(), 2); err != nil || e.Author != "bob" {
		t.Errorf("got %v, %v; want the revision without a copy", e.Revision, err)
	}
	if _, _, err := log.Apply(t.Context(), draft(document(3), "carol")); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("got %v; a head without a copy must not be overwritten", err)
	}
	table.uncopied = ""
	apply(t, log, draft(document(3), "carol"))
	if e, err := log.Get(t.Context(), 2); err != nil || !bytes.Equal(e.Text, document(2)) {
		t.Errorf("got %v, %v; want the copy that the next writer made", e.Revision, err)
	}
}

// TestLostReply: a store that repeats a write whose reply was lost says that
// the condition does not hold; the writer knows its mark.
func TestLostReply(t *testing.T) {
	t.Parallel()
	table := &dying{Table: memory(), twice: true}
	log := newLog(table)
	if made, written, err := log.Apply(t.Context(), draft(document(1), "alice")); err != nil || !written || made.Number != 1 {
		t.Errorf("got %v, %v, %v; want the revision it wrote", made, written, err)
	}
	faulty := storetest.NewFaulty(memory())
	log = newLog(faulty)
	faulty.LoseReplies(true)
	_, _, err := log.Apply(t.Context(), draft(document(1), "alice"))
	if !errors.Is(err, storetest.ErrInjected) || !strings.Contains(err.Error(), "applying again is safe") {
		t.Errorf("got %v, want an error that says that the outcome is not known", err)
	}
	faulty.LoseReplies(false)
	if now, written, err := log.Apply(t.Context(), draft(document(1), "alice")); err != nil || written || now.Number != 1 {
		t.Errorf("again: %v, %v, %v; want revision 1, written before", now, written, err)
	}
}

// TestRace: of writers at once each revision has one, none is lost, and all
// who lost are told of one that won.
func TestRace(t *testing.T) {
	t.Parallel()
	onTables(t, func(t *testing.T, table store.Table) {
		log := revision.New(revision.Config{Table: table})
		type result struct {
			made    revision.Revision
			written bool
			err     error
		}
		const writers = 16
		results := make(chan result, writers)
		for w := range writers {
			go func() {
				made, written, err := log.Apply(t.Context(), draft(document(w+1), fmt.Sprint("writer-", w)))
				results <- result{made, written, err}
			}()
		}
		won := map[int64]revision.Revision{}
		for range writers {
			r := <-results
			var conflict *revision.Conflict
			switch {
			case r.written && won[r.made.Number].Number == 0:
				won[r.made.Number] = r.made
			case !errors.As(r.err, &conflict):
				t.Errorf("got %+v, %v; want a revision of its own or a conflict", r.made, r.err)
			}
		}
		history, err := log.History(t.Context(), 100)
		if err != nil || len(history) != len(won) {
			t.Fatalf("history: %d revisions, %v; %d writers were told that they made one", len(history), err, len(won))
		}
		for _, r := range history {
			if won[r.Number] != r {
				t.Errorf("revision %d: history has %v, its writer was told %v", r.Number, r, won[r.Number])
			}
		}
	})
}

// TestSameTextAtOnce: two who write the same have no conflict.
func TestSameTextAtOnce(t *testing.T) {
	t.Parallel()
	table := memory()
	log := newLog(table)
	apply(t, log, draft(document(1), "alice"))
	slow := &dying{Table: table, before: func() { apply(t, log, draft(document(2), "bob")) }}
	now, written, err := newLog(slow).Apply(t.Context(), draft(document(2), "carol"))
	if err != nil || written || now.Author != "bob" {
		t.Errorf("got %v, %v, %v; want bob's revision", now, written, err)
	}
}

func TestDamagedHead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, attr string
		value      store.Value
		want       string
	}{
		{"other text", "text_1", store.Text("version: 1\n"), "does not have the hash"},
		{"newer form", "form", store.Text("zstd"), `form "zstd" is not known`},
		{"no gzip", "form", store.Text("gzip+base64"), "revision 2 cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := memory()
			log := newLog(table)
			apply(t, log, draft(document(1), "alice"))
			apply(t, log, draft(document(2), "bob"))
			key := store.Key{Partition: "config#main", Sort: "head"}
			if _, err := table.Update(t.Context(), key, store.Change{Do: []store.Assign{store.Set(tt.attr, tt.value)}}); err != nil {
				t.Fatal(err)
			}
			if _, err := log.Head(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("head: got %v, want an error about %q", err, tt.want)
			}
			if e, err := log.Get(t.Context(), 1); err != nil || e.Author != "alice" {
				t.Errorf("the revision before: got %v, %v", e.Revision, err)
			}
			made, _, err := log.Rollback(t.Context(), 1, draft(nil, "carol"))
			if err != nil || made.Number != 3 {
				t.Errorf("rollback: got %v, %v; want revision 3", made, err)
			}
			if e, err := log.Get(t.Context(), 2); err != nil || !bytes.Equal(e.Text, document(2)) {
				t.Errorf("got %v, %v; want the copy made before the damage", e.Revision, err)
			}
		})
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	faulty := storetest.NewFaulty(memory())
	log := newLog(faulty)
	apply(t, log, draft(document(1), "alice"))
	apply(t, log, draft(document(2), "alice"))
	faulty.Down(true)
	_, head := log.Head(t.Context())
	_, get := log.Get(t.Context(), 1)
	_, history := log.History(t.Context(), 10)
	_, _, apply := log.Apply(t.Context(), draft(document(3), "bob"))
	for name, err := range map[string]error{"head": head, "get": get, "history": history, "apply": apply} {
		if !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("%s: got %v, want the store's error", name, err)
		}
	}
}

func TestNewNeedsATable(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a Log without a table was made")
		}
	}()
	revision.New(revision.Config{})
}
