package storetest_test

import (
	"context"
	"maps"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

// brokenEnv names the broken table that TestBrokenTable holds the suite
// against in a process of its own, where it is meant to fail.
const brokenEnv = "STORETEST_BROKEN"

// broken are tables with one fault each that a real one might have.
var broken = map[string]func(*embedded.Memory) store.Table{
	"not atomic":             func(m *embedded.Memory) store.Table { return racy{m} },
	"no item on refusal":     func(m *embedded.Memory) store.Table { return silent{m} },
	"condition ignored":      func(m *embedded.Memory) store.Table { return unconditional{m} },
	"absent compares as 0":   func(m *embedded.Memory) store.Table { return zeroes{m} },
	"wraps around":           func(m *embedded.Memory) store.Table { return wrapping{m} },
	"one page":               func(m *embedded.Memory) store.Table { return onePage{m} },
	"deaf to the context":    func(m *embedded.Memory) store.Table { return deaf{m} },
	"answers with its own":   func(m *embedded.Memory) store.Table { return &leaky{Memory: m} },
	"refusal makes the item": func(m *embedded.Memory) store.Table { return eager{m} },
}

func TestSuiteCatches(t *testing.T) {
	t.Parallel()
	for name := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestBrokenTable$", "-test.count=1", "-rapid.nofailfile")
			cmd.Env = append(os.Environ(), brokenEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestBrokenTable/") {
				t.Errorf("the suite passes a table that is %q: %v", name, err)
			}
		})
	}
}

func TestBrokenTable(t *testing.T) {
	open, ok := broken[os.Getenv(brokenEnv)]
	if !ok { // the ordinary run: the same with nothing broken
		open = func(m *embedded.Memory) store.Table { return m }
	}
	storetest.Run(t, func(*testing.T) store.Table { return open(embedded.NewMemory()) })
}

// racy reads, decides and writes in three steps.
type racy struct{ *embedded.Memory }

func (r racy) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	item, _, err := r.Get(ctx, key)
	if err != nil {
		return store.Result{}, err
	}
	item.Key = key
	if result, err := store.Apply(item, c); err != nil || !result.Applied {
		return result, err
	}
	runtime.Gosched() // a store's steps are a round trip apart
	return r.Memory.Update(ctx, key, store.Change{Do: c.Do})
}

type silent struct{ *embedded.Memory }

func (s silent) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	result, err := s.Memory.Update(ctx, key, c)
	if !result.Applied {
		result.Item.Attrs = nil
	}
	return result, err
}

type unconditional struct{ *embedded.Memory }

func (u unconditional) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	return u.Memory.Update(ctx, key, store.Change{Do: c.Do})
}

// zeroes takes absent numbers in a comparison for 0.
type zeroes struct{ *embedded.Memory }

func (z zeroes) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	if cmp := c.If; cmp.Kind == store.Compares && !cmp.Val.IsText() {
		item, _, err := z.Get(ctx, key)
		if err != nil {
			return store.Result{}, err
		}
		if !item.Has(cmp.Attr) && cmp.Op == store.LT && cmp.Val.Int() > 0 {
			c.If = store.Cond{}
		}
	}
	return z.Memory.Update(ctx, key, c)
}

type wrapping struct{ *embedded.Memory }

func (w wrapping) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	item, _, err := w.Get(ctx, key)
	if err != nil {
		return store.Result{}, err
	}
	for i, a := range c.Do {
		if a.Op == store.OpAdd && item.Int(a.Attr) == math.MaxInt64 && a.Val.Int() > 0 {
			c.Do[i] = store.Set(a.Attr, store.Num(item.Int(a.Attr)+a.Val.Int()))
		}
	}
	return w.Memory.Update(ctx, key, c)
}

type onePage struct{ *embedded.Memory }

func (o onePage) Query(ctx context.Context, partition string) ([]store.Item, error) {
	items, err := o.Memory.Query(ctx, partition)
	return items[:min(len(items), 16)], err
}

type deaf struct{ *embedded.Memory }

func (d deaf) Update(_ context.Context, key store.Key, c store.Change) (store.Result, error) {
	return d.Memory.Update(context.Background(), key, c)
}

// leaky hands out the one map it keeps.
type leaky struct {
	*embedded.Memory
	last store.Item
}

func (l *leaky) Get(ctx context.Context, key store.Key) (store.Item, bool, error) {
	item, ok, err := l.Memory.Get(ctx, key)
	if ok && (l.last.Key != key || len(l.last.Attrs) != len(item.Attrs)) {
		l.last = item
	}
	if ok && maps.Equal(l.last.Attrs, item.Attrs) {
		return l.last, ok, err
	}
	return item, ok, err
}

func (l *leaky) Query(ctx context.Context, partition string) ([]store.Item, error) {
	items, err := l.Memory.Query(ctx, partition)
	for i := range items {
		if items[i].Key == l.last.Key {
			items[i] = l.last
		}
	}
	return items, err
}

// eager makes the item before it looks at the condition.
type eager struct{ *embedded.Memory }

func (e eager) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	result, err := e.Memory.Update(ctx, key, c)
	if err == nil && !result.Applied && len(result.Item.Attrs) == 0 {
		_, err = e.Memory.Update(ctx, key, store.Change{Do: []store.Assign{store.Set("made", store.Num(1))}})
	}
	return result, err
}
