package rebalance

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunMovesAndRestoresWeights(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "bad", records.AttrOK, 10, records.AttrRefused, 90)
	counted(t, table, "good", records.AttrOK, 100)
	for minute := range 3 {
		if minute > 0 {
			counted(t, table, "bad", records.AttrRefused, 10)
		}
		run(t, table, after(time.Duration(minute)*time.Minute), "bad", "good")
	}
	want(t, table, "key#bad", attrs{records.AttrWeight: 700})
	want(t, table, "key#good", attrs{records.AttrWeight: 1000})
	for minute := 3; minute < 6; minute++ { // quiet: nothing new is counted
		run(t, table, after(time.Duration(minute)*time.Minute), "bad")
	}
	want(t, table, "key#bad", attrs{records.AttrWeight: 1000, records.AttrWeightWhy: "nothing against it"})
}

// TestManyRunsInOneMinuteMoveOnce: a schedule fires at least once.
func TestManyRunsInOneMinuteMoveOnce(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "bad", records.AttrRefused, 100)
	put(t, table, "quota#bad#"+sonnet, attrs{records.AttrBurst: 10_000, records.AttrVersion: 1})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var total Report
	for skew := range 8 {
		wg.Go(func() {
			report, err := runner(table, after(time.Duration(skew)*time.Second), "bad").Run(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			total.Decided += report.Decided
			total.Grown += report.Grown
			total.Digests += report.Digests
		})
	}
	wg.Wait()
	if total.Decided != 1 || total.Grown != 1 || total.Digests != 1 {
		t.Errorf("decided %d, grown %d, digests %d; want each once", total.Decided, total.Grown, total.Digests)
	}
	want(t, table, "key#bad", attrs{records.AttrWeight: 900})
	want(t, table, "quota#bad#"+sonnet, attrs{records.AttrBurst: 11_000, records.AttrVersion: 2})
}

// broken fails every update of one record.
type broken struct {
	store.Table
	sort string
}

func (b broken) Update(ctx context.Context, k store.Key, c store.Change) (store.Result, error) {
	if k.Sort == b.sort {
		return store.Result{}, errors.New("no answer")
	}
	return b.Table.Update(ctx, k, c)
}

func TestOneFailureDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "a", records.AttrRefused, 100)
	counted(t, table, "b", records.AttrRefused, 100)
	report, err := runner(broken{table, "key#a"}, nine, "a", "b").Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "pool claude: key#a: no answer") {
		t.Errorf("err = %v, want it to name the record", err)
	}
	if report.Decided != 1 || report.Moved != 1 || report.Digests != 1 {
		t.Errorf("report = %+v, want key b decided and a digest", report)
	}
}

// TestOnePoolDoesNotHoldUpTheOthers, even one that cannot be read.
func TestOnePoolDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "a", records.AttrOK, 1)
	r := runner(unreadable{table}, nine, "a")
	r.cfg.Document.Pools["aaa"] = config.Pool{Provider: "anthropic"}
	report, err := r.Run(t.Context())
	if !errors.Is(err, storetest.ErrInjected) || !strings.HasPrefix(err.Error(), "pool aaa: ") || report.Decided != 1 {
		t.Errorf("got %+v, %v; want the key of pool claude decided", report, err)
	}
}

// unreadable cannot read the partition of pool aaa.
type unreadable struct{ store.Table }

func (u unreadable) Query(ctx context.Context, partition string) ([]store.Item, error) {
	if partition == "pool#aaa" {
		return nil, storetest.ErrInjected
	}
	return u.Table.Query(ctx, partition)
}

// TestForeignRecords: what no instance would write spoils nothing but itself.
func TestForeignRecords(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "a", records.AttrOK, 10)
	put(t, table, "rest#", attrs{records.AttrUntil: after(time.Hour)})
	put(t, table, "rest#group", attrs{records.AttrUntil: "soon"})
	put(t, table, "quota#", attrs{records.AttrBurst: "much"})
	put(t, table, "ratio#", attrs{"text_votes": 1000, "text_sum": "x"})
	put(t, table, "group#a#*", attrs{records.AttrUntil: after(time.Hour)})
	put(t, table, "quota#a#"+sonnet, attrs{records.AttrBurst: 10_000, records.AttrVersion: "one"})
	report, err := runner(table, nine, "a").Run(t.Context())
	if !errors.Is(err, store.ErrAdd) || report.Decided != 1 || report.Digests != 1 {
		t.Errorf("got %+v, %v; want all but two records done", report, err)
	}
}

// TestPoolWithoutUpstream: nobody is asked for its keys.
func TestPoolWithoutUpstream(t *testing.T) {
	t.Parallel()
	cfg := wired(newTable(), newProvider(nil), func() time.Time { return nine }, "a")
	cfg.Upstreams = nil
	if report, err := New(cfg).Run(t.Context()); err != nil || report.Tried != 0 || report.Digests != 1 {
		t.Errorf("got %+v, %v; want a digest and no call", report, err)
	}
}

// TestEvery runs each minute, survives failures and ends with its context.
func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := storetest.NewFaulty(newTable())
		counted(t, table, "a", records.AttrRefused, 100)
		var log bytes.Buffer
		r := New(Config{Document: document("a"), Table: table, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.Every(ctx, time.Minute); close(ended) }()
		table.Down(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if !strings.Contains(log.String(), "rebalance failed in part") {
			t.Errorf("log = %q, want the failure", log.String())
		}
		table.Down(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, table, "key#a", attrs{records.AttrWeight: 900})
		for _, line := range []string{"msg=weight", "msg=digest", "resting_groups=0"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the log lacks %q:\n%s", line, log.String())
			}
		}
		cancel()
		<-ended
	})
}

// TestRunEndsInTime: a provider that does not answer costs a run neither its
// decisions nor its digest, and no key its rest.
func TestRunEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		counted(t, table, "a", records.AttrOK, 10)
		put(t, table, "rest#key#a#*", quarantined("auth", time.Now().Add(-time.Minute), time.Now().Add(4*time.Minute)))
		p := newProvider(nil)
		cfg := wired(table, p, time.Now, "a", "b", "c", "d", "e")
		hang := hanging{}
		u := cfg.Upstreams["claude"]
		u.Client = hang
		cfg.Upstreams["claude"] = u
		ctx, cancel := context.WithTimeout(t.Context(), 17*time.Second) // as Lambda's
		defer cancel()
		began := time.Now()
		report, err := New(cfg).Run(ctx)
		if err != nil || report.Decided != 1 || report.Digests != 1 || report.Restored+report.Refused != 0 {
			t.Errorf("got %+v, %v; want a weight and a digest", report, err)
		}
		// One call of 10 s, and what is left of four fifths of 15 s.
		if took := time.Since(began); took != 12*time.Second || report.Tried != 1 || len(report.Unreadable) != 0 {
			t.Errorf("took %v, tried %d, unreadable %v; want 12s and one key", took, report.Tried, report.Unreadable)
		}
	})
}
