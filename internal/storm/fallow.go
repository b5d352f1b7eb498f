package storm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// Fallow is the server mode in this process, with the state in memory.
func Fallow(log *slog.Logger) Contestant {
	return Contestant{
		Name: "fallow", About: "Fallow, one process, all keys in a pool",
		Start: func(ctx context.Context, w World) (Entry, error) { return startFallow(ctx, w, log) },
	}
}

func startFallow(ctx context.Context, w World, log *slog.Logger) (Entry, error) {
	doc, err := config.Parse([]byte(document(w, "")), "storm")
	if err != nil {
		return Entry{}, err
	}
	memory := embedded.NewMemory()
	parts := app.Config{Document: doc, Table: &awayTable{Table: memory, away: w.StoreAway}, Environ: environ(w), Log: log}
	var work sync.WaitGroup
	parts.After = func(ctx context.Context, f func(context.Context)) {
		work.Go(func() { f(context.WithoutCancel(ctx)) })
	}
	handler, err := app.New(parts)
	if err != nil {
		return Entry{}, err
	}
	job, err := app.Rebalancer(parts)
	if err != nil {
		return Entry{}, err
	}
	server, err := listen(http.Handler(handler))
	if err != nil {
		return Entry{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	work.Go(func() { job.Every(ctx, time.Minute) })
	work.Go(func() { handler.Warm(ctx) })
	return Entry{URL: server.url, State: look(w, memory), Close: func() error {
		stop()
		err := server.close()
		work.Wait()
		return err
	}}, nil
}

// look reads the state as another process would, and not as the gateway
// believes it to be: so it is done in the same way wherever the gateway runs.
func look(w World, table store.Table) func(context.Context) pool.State {
	c := pool.Config{Name: poolName, Table: table}
	for i := range w.Keys {
		c.Keys = append(c.Keys, pool.Key{Name: keyName(i), Weight: 1})
	}
	return pool.New(c).State
}

const poolName = "storm"

func keyName(i int) string { return fmt.Sprintf("key-%d", i+1) }

// document is the config of a gateway in front of the world's provider. more
// is added at its end.
func document(w World, more string) string {
	var b strings.Builder
	base := w.Provider
	if w.Scenario.Provider == "openai" {
		base += "/v1"
	}
	fmt.Fprintf(&b, "version: 1\npools:\n  %s:\n    provider: %s\n    base_url: %s\n", poolName, w.Scenario.Provider, base)
	fmt.Fprintf(&b, "    wait_budget: %s\n    keys:\n", time.Duration(float64(w.Scenario.WaitBudget)/w.Compress))
	for i := range w.Keys {
		fmt.Fprintf(&b, "      - {name: %s, secret: \"env:%s\"}\n", keyName(i), variable(i))
	}
	fmt.Fprintf(&b, "models:\n  \"*\": {targets: [{pool: %s}]}\n", poolName)
	if more == "" {
		more = "clients: {auth: none}\n"
	}
	return b.String() + more
}

func variable(i int) string { return fmt.Sprintf("FALLOW_STORM_KEY_%d", i+1) }

func environ(w World) []string {
	var all []string
	for i, key := range w.Keys {
		all = append(all, variable(i)+"="+key)
	}
	return all
}

// awayTable is a table that cannot be reached at times.
type awayTable struct {
	store.Table
	away func() bool
}

var errAway = errors.New("the store is away, as the scenario wants it")

// timeout is that of package store/dynamo: what is away is noticed by it.
const timeout = 80 * time.Millisecond

func (t *awayTable) check(ctx context.Context) error {
	if !t.away() {
		return nil
	}
	sleep(ctx, timeout)
	return errAway
}

// Query implements store.Table.
func (t *awayTable) Query(ctx context.Context, partition string) ([]store.Item, error) {
	if err := t.check(ctx); err != nil {
		return nil, err
	}
	return t.Table.Query(ctx, partition)
}

// Get implements store.Table.
func (t *awayTable) Get(ctx context.Context, key store.Key) (store.Item, bool, error) {
	if err := t.check(ctx); err != nil {
		return store.Item{}, false, err
	}
	return t.Table.Get(ctx, key)
}

// Update implements store.Table.
func (t *awayTable) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	if err := t.check(ctx); err != nil {
		return store.Result{}, err
	}
	return t.Table.Update(ctx, key, c)
}

var _ store.Table = (*awayTable)(nil)
