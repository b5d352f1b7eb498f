package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// TestFileIsNotFollowed: without source: table nobody reads the table, and
// requests take no detour.
func TestFileIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := newBed(t, serves("deployed", openAIPool))
	b.apply(t, serves("newer", openAIPool, followed))
	q0, g0, u0 := b.table.Calls()
	b.cfg.File = "/nowhere.yaml" // not read again
	live := b.live(t)
	live.Follow(t.Context()) // returns
	b.clock.Add(3600)
	wantServed(t, live.Polled(), "deployed")
	if live.Polled() != http.Handler(live) {
		t.Error("requests are looked at though nothing is followed")
	}
	if q, g, u := b.table.Calls(); q != q0 || g != g0 || u != u0 {
		t.Errorf("the table was called: %d queries, %d gets, %d updates", q-q0, g-g0, u-u0)
	}
	b.wantBuilt(t, 1)
}

func TestStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, head, want string
		down             bool
		built            int64
		logged           string
	}{
		{"no revision yet", "", "deployed", false, 1, "msg=\"config is served\" revision=\"the deployed file\" hash="},
		{"head", serves("newer", openAIPool), "newer", false, 2, "msg=\"config is served\" revision=\"revision 1 by alice"},
		{"head that is the file", serves("deployed", openAIPool, followed), "deployed", false, 1, "msg=\"config is served\" revision=\"revision 1 by alice"},
		{"head that cannot be built", serves("newer", noRegion), "deployed", false, 2, "the region is not known"},
		{"head that must not be served", serves("refused", openAIPool), "deployed", false, 2, errRefused.Error()},
		{"table that fails", serves("newer", openAIPool), "deployed", true, 1, "config revisions cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, serves("deployed", openAIPool, followed))
			if tt.head != "" {
				b.apply(t, tt.head)
			}
			b.table.Down(tt.down)
			wantServed(t, b.live(t), tt.want)
			b.wantBuilt(t, tt.built)
			b.wantLogged(t, 1, tt.logged)
			b.wantLogged(t, 1, "config is served")
		})
	}
}

func TestLiveRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, path, says string
	}{
		{"file that cannot be built", serves("m", noRegion, followed), "", "the region is not known"},
		{"file that must not be served", serves("refused", openAIPool), "", errRefused.Error()},
		{"file that is gone", serves("m", openAIPool, followed), "/nowhere.yaml", "config: open /nowhere.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, tt.file)
			if tt.path != "" {
				b.cfg.File = tt.path
			}
			if _, err := app.NewLive(t.Context(), b.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error about %q", err, tt.says)
			}
		})
	}
}

// TestPolled: the first request 30 s after the last reading, or later, is
// served by what was applied meanwhile; requests before it do not read.
func TestPolled(t *testing.T) {
	t.Parallel()
	b := newBed(t, serves("deployed", openAIPool, followed))
	h := b.live(t).Polled()
	b.apply(t, serves("second", openAIPool))
	_, before, _ := b.table.Calls()
	b.clock.Add(29)
	for range 10 {
		wantServed(t, h, "deployed")
	}
	if _, gets, _ := b.table.Calls(); gets != before {
		t.Errorf("the table was read %d times within 30 s", gets-before)
	}
	b.clock.Add(1)
	wantServed(t, h, "second")
	b.apply(t, serves("third", openAIPool))
	b.clock.Add(8 * 3600) // frozen
	for range 10 {
		wantServed(t, h, "third")
	}
	b.wantBuilt(t, 3)
	b.table.Down(true)
	b.clock.Add(30)
	wantServed(t, h, "third")
}

// TestUnfitRevision keeps the one before, is tried once, and is told once with
// its number; the way back to the text that is served builds nothing.
func TestUnfitRevision(t *testing.T) {
	t.Parallel()
	b := newBed(t, serves("deployed", openAIPool, followed))
	h := b.live(t).Polled()
	steps := []struct {
		apply, want string
		built       int64
	}{
		{serves("good", openAIPool), "good", 2},
		{serves("bad", noRegion), "good", 3},
		{serves("good", openAIPool), "good", 3},
		{serves("refused", openAIPool), "good", 4},
		{serves("better", openAIPool), "better", 5},
	}
	for _, step := range steps {
		b.apply(t, step.apply)
		for range 3 {
			b.clock.Add(30)
			wantServed(t, h, step.want)
		}
		b.wantBuilt(t, step.built)
	}
	b.wantLogged(t, 1, `level=ERROR msg="config revision cannot be served" revision="revision 2 by alice`)
	b.wantLogged(t, 1, `level=ERROR msg="config revision cannot be served" revision="revision 4 by alice`)
	b.wantLogged(t, 1, `msg="config is served" revision="revision 3 by alice`)
	b.wantLogged(t, 1, `msg="config is served" revision="revision 5 by alice`)
}

// TestFollow: a server swaps and warms without a request, and stops following
// with its context.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, serves("deployed", openAIPool, followed))
		b.cfg.Now = nil
		live := b.live(t)
		live.Warm(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); live.Follow(ctx) }()
		b.apply(t, serves("second", openAIPool))
		warm, _, _ := b.table.Calls()
		time.Sleep(31 * time.Second)
		synctest.Wait()
		wantServed(t, live, "second")
		if queries, _, _ := b.table.Calls(); queries == warm {
			t.Error("the new document's pool has not read its state")
		}
		b.apply(t, serves("bad", noRegion))
		time.Sleep(31 * time.Second)
		synctest.Wait()
		wantServed(t, live, "second")
		cancel()
		<-ended
		b.apply(t, serves("third", openAIPool))
		time.Sleep(time.Hour)
		wantServed(t, live, "second")
		b.wantBuilt(t, 3)
	})
}

// TestSwapUnderLoad: while revisions come and go, each request is answered.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(up.Close)
	pool := `{provider: openai, base_url: "` + up.URL + `", keys: [{name: k, secret: "env:KEY"}]}`
	b := newBed(t, serves(`"*"`, pool, followed))
	b.cfg.After = func(ctx context.Context, f func(context.Context)) { f(context.WithoutCancel(ctx)) }
	h := b.live(t).Polled()
	var clients sync.WaitGroup
	var over atomic.Bool
	var answered atomic.Int64
	for range 4 {
		clients.Go(func() {
			for !over.Load() {
				if status, body := post(t, h); status != 200 {
					t.Errorf("%d %s, want 200", status, body)
					return
				}
				answered.Add(1)
			}
		})
	}
	const revisions = 20
	for i := range revisions {
		b.apply(t, serves(fmt.Sprintf(`"*": {targets: [{pool: p}]}, m-%d`, i), pool))
		b.clock.Add(30)
		// While another request reads the table, ours is served by what is known.
		for b.built.Load() < int64(i+2) && !t.Failed() {
			post(t, h)
		}
	}
	over.Store(true)
	clients.Wait()
	wantServed(t, h, fmt.Sprintf("m-%d", revisions-1))
	b.wantBuilt(t, revisions+1)
	if answered.Load() == 0 {
		t.Error("no request was made beside the swaps")
	}
}

// TestRunningRequestIsFinished by the gateway that took it, though another has
// been serving since.
func TestRunningRequestIsFinished(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		fmt.Fprint(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"from the old"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(up.Close)
	b := newBed(t, serves(`"*"`, `{provider: openai, base_url: "`+up.URL+`", keys: [{name: k, secret: "env:KEY"}]}`, followed))
	h := b.live(t).Polled()
	var running sync.WaitGroup
	running.Go(func() {
		if status, body := post(t, h); status != 200 || !strings.Contains(body, "from the old") {
			t.Errorf("%d %s, want the old document's answer", status, body)
		}
	})
	<-arrived
	b.apply(t, serves("newer", openAIPool))
	b.clock.Add(30)
	wantServed(t, h, "newer")
	close(release)
	running.Wait()
}

// TestBeside: what is served beside the gateway belongs to the same document.
func TestBeside(t *testing.T) {
	t.Parallel()
	b := newBed(t, serves("deployed", openAIPool, followed))
	var seen []*gateway.Gateway
	b.cfg.Beside = func(g *gateway.Gateway) http.Handler {
		n := len(seen)
		seen = append(seen, g)
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "beside %d", n) })
	}
	h := b.live(t).Polled()
	b.apply(t, serves("newer", openAIPool))
	for n, wait := range []int64{0, 30} {
		b.clock.Add(wait)
		if _, body := post(t, h); body != fmt.Sprintf("beside %d", n) {
			t.Errorf("got %q, want what stands beside gateway %d", body, n)
		}
	}
	if len(seen) != 2 || seen[0] == seen[1] {
		t.Errorf("got %v, want two gateways", seen)
	}
}

// BenchmarkPolled is what following costs a request, beside one that does not.
func BenchmarkPolled(b *testing.B) {
	for name, admin := range map[string]string{"file": "", "table": followed} {
		b.Run(name, func(b *testing.B) {
			text, path := serves("m", openAIPool, admin), filepath.Join(b.TempDir(), "fallow.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
			doc, err := config.Load(path)
			if err != nil {
				b.Fatal(err)
			}
			var table store.Table = embedded.NewMemory()
			nothing := func(*gateway.Gateway) http.Handler {
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			}
			live, err := app.NewLive(b.Context(), app.LiveConfig{Config: app.Config{Document: doc, Table: table}, File: path, Beside: nothing})
			if err != nil {
				b.Fatal(err)
			}
			h, r := live.Polled(), httptest.NewRequestWithContext(b.Context(), "GET", "/", nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(nil, r)
			}
		})
	}
}

// TestInForce: operators are told which document is served, whether it came from
// the file, the table or a rollback, and since when; the head that is unfit is
// not it.
func TestInForce(t *testing.T) {
	t.Parallel()
	b := newBed(t, serves("deployed", openAIPool, followed))
	b.cfg.LocalAdmin = true
	live := b.live(t)
	h := live.Polled()
	start := b.clock.Load()
	for i, step := range []struct {
		apply, document string
		revision        int64
	}{
		{"", serves("deployed", openAIPool, followed), 0},
		{serves("second", openAIPool), serves("second", openAIPool), 1},
		{serves("bad", noRegion), serves("second", openAIPool), 1},
		{serves("second", openAIPool), serves("second", openAIPool), 3},
	} {
		if step.apply != "" {
			b.apply(t, step.apply)
		}
		b.clock.Store(start + int64(60*i))
		want := gateway.InForce{Source: "file", Hash: config.Revision([]byte(step.document)), Since: time.Unix(start, 0).UTC()}
		if step.revision > 0 {
			e, err := b.log.Get(t.Context(), step.revision)
			if err != nil {
				t.Fatal(err)
			}
			want.Source, want.Revision, want.Applied = "table", step.revision, e.At
			want.Since = time.Unix(start+60*step.revision, 0).UTC()
		}
		var told struct{ Config gateway.InForce }
		if err := json.Unmarshal([]byte(ready(t, h)), &told); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, told.Config); diff != "" {
			t.Errorf("step %d, config of /readyz (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(want, live.InForce()); diff != "" {
			t.Errorf("step %d, InForce (-want +got):\n%s", i, diff)
		}
	}
}

// ready asks from this machine how the gateway is.
func ready(t *testing.T, h http.Handler) string {
	t.Helper()
	r, w := httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil), httptest.NewRecorder()
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:1"
	h.ServeHTTP(w, r)
	return w.Body.String()
}
