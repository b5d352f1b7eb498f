package app_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// pooled is a document with a pool of that name, and a model by which it is
// told from others.
func pooled(name, pool string, more ...string) string {
	return "version: 1\npools: {" + name + ": " + pool + "}\nmodels: {" + name + ": {targets: [{pool: " + name + "}]}}\nclients: {auth: none}\n" +
		strings.Join(more, "\n")
}

// watched is a Job and all that surrounds it.
type watched struct {
	*bed
	ran ran
}

func newWatched(t *testing.T, file string) *watched {
	t.Helper()
	w := &watched{bed: newBed(t, file)}
	w.cfg.Telemetry.Sink = &w.ran
	return w
}

func (b *watched) job(t *testing.T) *app.Job {
	t.Helper()
	job, err := app.NewJob(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// ran collects the pools that runs went through.
type ran struct {
	mu    sync.Mutex // guards pools
	pools []string
}

var _ telemetry.Sink = (*ran)(nil)

// Observe implements telemetry.Sink.
func (r *ran) Observe(_ context.Context, e telemetry.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := e.(telemetry.Rebalance); ok {
		for _, p := range e.Keys { // each pool of these documents has one
			r.pools = append(r.pools, p.Pool)
		}
	}
}

// wantRun runs the job and checks which document it says it went by, and that it
// did.
func (b *watched) wantRun(t *testing.T, job *app.Job, revision int64, pool string) {
	t.Helper()
	b.built.Store(0)
	b.ran.pools = nil
	report, err := job.Run(t.Context())
	if err != nil || report.Config.Revision != revision || (report.Config.Source == "table") != (revision > 0) {
		t.Errorf("got %+v, %v; want a run by revision %d", report, err, revision)
	}
	if diff := cmp.Diff([]string{pool}, b.ran.pools); diff != "" {
		t.Errorf("pools of the run (-want +got):\n%s", diff)
	}
}

// TestJobStart: the first run goes by the newest revision that can be used.
func TestJobStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, head, pool string
		revision         int64
		logged           string
	}{
		{"no revision yet", "", "deployed", 0, ""},
		{"head", pooled("second", openAIPool), "second", 1, `msg="rebalancer goes by config" revision="revision 1 by alice`},
		{"head that is the file", pooled("deployed", openAIPool, followed), "deployed", 1, "rebalancer goes by config"},
		{"head that cannot be built", pooled("second", noRegion), "deployed", 0, "the region is not known"},
		{"head that must not be served", serves("refused", openAIPool), "deployed", 0, errRefused.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newWatched(t, pooled("deployed", openAIPool, followed))
			if tt.head != "" {
				b.apply(t, tt.head)
			}
			b.wantRun(t, b.job(t), tt.revision, tt.pool)
			if tt.logged != "" {
				b.wantLogged(t, 1, tt.logged)
			}
		})
	}
}

// TestJobFollows: revisions come, are unfit, are taken back; the table goes away
// and comes back. Each unfit one is told once.
func TestJobFollows(t *testing.T) {
	t.Parallel()
	b := newWatched(t, pooled("deployed", openAIPool, followed))
	job := b.job(t)
	next := func(text string, revision int64, pool string) {
		t.Helper()
		if text != "" {
			b.apply(t, text)
		}
		b.clock.Add(60)
		b.wantRun(t, job, revision, pool)
	}
	next("", 0, "deployed")
	next(pooled("second", openAIPool), 1, "second")
	next(pooled("third", noRegion), 1, "second")
	next("", 1, "second")
	b.wantLogged(t, 1, `level=ERROR msg="config revision cannot be used by the rebalancer" revision="revision 2 by alice`)
	next(pooled("second", openAIPool), 3, "second") // the text that is in use: nothing to build
	if built := b.built.Load(); built != 0 {
		t.Errorf("%d runners were built of the text that was in use", built)
	}
	next(pooled("third", openAIPool), 4, "third")
}

// TestJobWithoutATable goes by what it knows: the deployed document on a cold
// start, later the last good revision; each run fails in what needs the table.
func TestJobWithoutATable(t *testing.T) {
	t.Parallel()
	b := newWatched(t, pooled("deployed", openAIPool, followed))
	b.apply(t, pooled("second", openAIPool))
	job := b.job(t)
	for _, want := range []struct {
		down     bool
		revision int64
		pool     string
	}{{true, 0, "deployed"}, {false, 1, "second"}, {true, 1, "second"}} {
		b.table.Down(want.down)
		b.clock.Add(60)
		if !want.down {
			b.wantRun(t, job, want.revision, want.pool)
			continue
		}
		report, err := job.Run(t.Context())
		if !errors.Is(err, storetest.ErrInjected) || !strings.Contains(err.Error(), "pool "+want.pool+": ") || report.Config.Revision != want.revision {
			t.Errorf("got %+v, %v; want a failed run by revision %d on pool %s", report, err, want.revision, want.pool)
		}
	}
}

// TestJobOfAFile never looks for revisions.
func TestJobOfAFile(t *testing.T) {
	t.Parallel()
	b := newWatched(t, pooled("deployed", openAIPool))
	b.apply(t, pooled("second", openAIPool, followed))
	b.cfg.File = "/nowhere.yaml" // not read again
	job := b.job(t)
	_, before, _ := b.table.Calls()
	report, err := job.Run(t.Context())
	if _, gets, _ := b.table.Calls(); err != nil || report.Config.Source != "file" || gets != before {
		t.Errorf("%+v, %v and %d readings of revisions; want a run by the file and none", report, err, gets-before)
	}
}

func TestJobRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, path, says string }{
		"file that cannot be built":    {serves("m", noRegion), "", "the region is not known"},
		"file that must not be served": {serves("refused", openAIPool), "", errRefused.Error()},
		"file that is gone":            {serves("m", openAIPool, followed), "/nowhere.yaml", "config: open /nowhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newWatched(t, tt.file)
			if tt.path != "" {
				b.cfg.File = tt.path
			}
			if _, err := app.NewJob(b.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error about %q", err, tt.says)
			}
		})
	}
}

// TestJobBesideALive goes by what is served and reads no revisions by itself.
func TestJobBesideALive(t *testing.T) {
	t.Parallel()
	b := newWatched(t, pooled("deployed", openAIPool, followed))
	live := b.live(t)
	job, err := live.Job()
	if err != nil {
		t.Fatal(err)
	}
	b.apply(t, pooled("second", openAIPool))
	b.clock.Add(60)
	b.wantRun(t, job, 0, "deployed")
	wantServed(t, live.Polled(), "second")
	b.wantRun(t, job, 1, "second")
	b.apply(t, pooled("third", noRegion))
	b.clock.Add(60)
	wantServed(t, live.Polled(), "second")
	b.wantRun(t, job, 1, "second")
}

// TestJobAtOnce: runs beside each other while a revision comes build it once.
func TestJobAtOnce(t *testing.T) {
	t.Parallel()
	b := newWatched(t, pooled("deployed", openAIPool, followed))
	job := b.job(t)
	b.apply(t, pooled("second", openAIPool))
	b.built.Store(0)
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if report, _ := job.Run(t.Context()); report.Config.Revision != 1 {
				t.Errorf("a run went by %+v, want revision 1", report.Config)
			}
		})
	}
	running.Wait()
	b.wantBuilt(t, 1)
}

// TestJobEvery: a server's job runs each minute, tells of a failure, and ends
// with its context.
func TestJobEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWatched(t, pooled("deployed", `{provider: openai, base_url: "http://127.0.0.1:1", keys: [{name: k, secret: "env:UNSET"}]}`, followed))
		b.cfg.Now = nil
		job := b.job(t)
		b.table.Down(true)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); job.Every(ctx, time.Minute) }()
		time.Sleep(3*time.Minute + time.Second)
		synctest.Wait()
		cancel()
		<-ended
		b.wantLogged(t, 3, "rebalance failed in part")
	})
}
