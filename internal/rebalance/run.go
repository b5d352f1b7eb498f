package rebalance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
)

// Attributes of a key record that only this job reads and writes: the counters
// as they stood when it last ran.
const (
	attrSeenOK      = "seen_ok"
	attrSeenRefused = "seen_refused"
)

// Config is what a Runner is made of.
type Config struct {
	// Document names the pools and keys. Required.
	Document *config.Config
	// Table is the shared state. Required.
	Table store.Table
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log takes each weight that moved; nil discards.
	Log *slog.Logger
}

// Runner runs the job.
type Runner struct{ cfg Config }

// New makes a runner. It does no I/O.
func New(cfg Config) *Runner {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{cfg}
}

// Report is what one run did.
type Report struct {
	// Decided counts the keys whose weight was decided, Moved those whose
	// weight changed, Fenced those that another run had decided this minute.
	Decided int `json:"decided"`
	Moved   int `json:"moved"`
	Fenced  int `json:"fenced"`
}

// Run decides every key's weight once. It goes on after a failure and returns
// all of them joined, so that one bad pool does not hold up the others.
func (r *Runner) Run(ctx context.Context) (Report, error) {
	var report Report
	var failures []error
	for name, p := range r.cfg.Document.Pools {
		if err := r.pool(ctx, name, p, &report); err != nil {
			failures = append(failures, fmt.Errorf("pool %s: %w", name, err))
		}
	}
	return report, errors.Join(failures...)
}

// Every runs the job once a minute until the context ends. It is for the
// server mode; on Lambda a schedule calls Run.
func (r *Runner) Every(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if _, err := r.Run(ctx); err != nil {
				r.cfg.Log.Warn("rebalance failed, weights stay as they are", "error", err)
			}
		}
	}
}

func (r *Runner) pool(ctx context.Context, name string, p config.Pool, report *Report) error {
	items, err := r.cfg.Table.Query(ctx, pool.KeyRecord(name, "").Partition)
	if err != nil {
		return err
	}
	records := map[store.Key]store.Item{}
	for _, item := range items {
		records[item.Key] = item
	}
	var failures []error
	for _, k := range p.Keys {
		key := pool.KeyRecord(name, k.Name)
		record, seen := records[key]
		if !seen {
			continue // never used: nothing to say of it yet
		}
		if err := r.key(ctx, key, record, report); err != nil {
			failures = append(failures, fmt.Errorf("key %s: %w", k.Name, err))
		}
	}
	return errors.Join(failures...)
}

func (r *Runner) key(ctx context.Context, key store.Key, record store.Item, report *Report) error {
	now := r.cfg.Now()
	d := Step(now, sampleOf(record))
	res, err := r.cfg.Table.Update(ctx, key, store.Change{
		If: notYetDecided(now),
		Do: []store.Assign{
			store.Set(pool.AttrWeight, store.Num(d.Weight)),
			store.Set(pool.AttrWeightWhy, store.Text(d.Why)),
			store.Set(pool.AttrWeightAt, store.Num(now.UnixMilli())),
			store.Set(attrSeenOK, store.Num(record.Int(pool.AttrOK))),
			store.Set(attrSeenRefused, store.Num(record.Int(pool.AttrRefused))),
		},
	})
	switch {
	case err != nil:
		return err
	case !res.Applied:
		report.Fenced++
		return nil
	}
	report.Decided++
	if d.Weight != record.Int(pool.AttrWeight) {
		report.Moved++
		r.cfg.Log.Info("weight", "key", key.Sort, "weight", share(d.Weight), "why", d.Why)
	}
	return nil
}

// notYetDecided is the fence: whoever comes second in a minute finds that
// minute decided, however the first one's clock stood to the second's.
func notYetDecided(now time.Time) store.Cond {
	minute := now.Truncate(time.Minute).UnixMilli()
	return store.Any(store.Absent(pool.AttrWeightAt), store.Is(pool.AttrWeightAt, store.LT, store.Num(minute)))
}

func sampleOf(r store.Item) Sample {
	s := Sample{
		Weight:   r.Int(pool.AttrWeight),
		OK:       max(0, r.Int(pool.AttrOK)-r.Int(attrSeenOK)),
		Refused:  max(0, r.Int(pool.AttrRefused)-r.Int(attrSeenRefused)),
		Headroom: r.Int(pool.AttrHeadroom),
	}
	if at := r.Int(pool.AttrHeadAt); at > 0 {
		s.HeadroomAt = time.UnixMilli(at)
	}
	return s
}
