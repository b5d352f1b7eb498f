package secret_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
)

// fake is a source whose text, failure and slowness the test sets.
type fake struct {
	mu    sync.Mutex
	text  string
	err   error
	delay time.Duration
	reads atomic.Int64
}

func (f *fake) set(text string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text, f.err = text, err
}

func (f *fake) slow(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// Read answers with what was current when it was called, as a slow network does.
func (f *fake) Read(ctx context.Context, _ string) (string, error) {
	f.reads.Add(1)
	f.mu.Lock()
	text, err, delay := f.text, f.err, f.delay
	f.mu.Unlock()
	select {
	case <-time.After(delay):
		return text, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

var plain = secret.Ref{Scheme: "fake", ID: "key"}

func field(name string) secret.Ref { return secret.Ref{Scheme: "fake", ID: "key", Field: name} }

// newCache returns a cache over f without jitter, to be used inside a synctest
// bubble, where time.Now is the bubble's.
func newCache(f *fake, change ...func(*secret.Config)) *secret.Cache {
	config := secret.Config{Sources: map[string]secret.Source{"fake": f}, Rand: func() float64 { return 0 }}
	for _, c := range change {
		c(&config)
	}
	return secret.NewCache(config)
}

func get(t *testing.T, c *secret.Cache, ref secret.Ref, want string) {
	t.Helper()
	v, err := c.Get(t.Context(), ref)
	if err != nil || v.Reveal() != want {
		t.Errorf("Get(%s): got %q, %v; want %q", ref, v.Reveal(), err, want)
	}
}

func wantReads(t *testing.T, f *fake, want int64) {
	t.Helper()
	if got := f.reads.Load(); got != want {
		t.Errorf("got %d readings, want %d", got, want)
	}
}

func TestGetServesFromMemoryUntilLifetimeEnds(t *testing.T) {
	tests := []struct {
		name     string
		config   func(*secret.Config)
		lifetime time.Duration
	}{
		{"defaults", func(*secret.Config) {}, 5 * time.Minute},
		{"jitter at its most", func(c *secret.Config) { c.Rand = func() float64 { return 1 } }, 4 * time.Minute},
		{"half of a jitter of one half", func(c *secret.Config) {
			c.Jitter, c.Rand = 0.5, func() float64 { return 0.5 }
		}, 3*time.Minute + 45*time.Second},
		{"own TTL", func(c *secret.Config) { c.TTL = time.Hour }, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{text: "v1"}
				c := newCache(f, tt.config)
				get(t, c, plain, "v1")
				f.set("v2", nil)
				time.Sleep(tt.lifetime - 1)
				get(t, c, plain, "v1")
				wantReads(t, f, 1)
				time.Sleep(time.Nanosecond)
				get(t, c, plain, "v2")
				wantReads(t, f, 2)
			})
		})
	}
}

func TestFieldsOfOneSecretShareOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: `{"a": "1", "b": "2"}` + "\n"}
		c := newCache(f)
		get(t, c, field("a"), "1")
		get(t, c, field("b"), "2")
		get(t, c, plain, `{"a": "1", "b": "2"}`)
		wantReads(t, f, 1)
	})
}

func TestFirstGetIsSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1", delay: time.Second}
		c := newCache(f)
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() { get(t, c, plain, "v1") })
		}
		group.Wait()
		wantReads(t, f, 1)
	})
}

// When a value grows old, one caller reads and nobody else waits for it.
func TestOldValueIsServedDuringReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		time.Sleep(5 * time.Minute)
		f.set("v2", nil)
		f.slow(time.Second)
		var group sync.WaitGroup
		group.Go(func() { get(t, c, plain, "v2") })
		synctest.Wait()
		before := time.Now()
		get(t, c, plain, "v1")
		if waited := time.Since(before); waited != 0 {
			t.Errorf("a bystander waited %v", waited)
		}
		group.Wait()
		get(t, c, plain, "v2")
		wantReads(t, f, 2)
	})
}

func TestLastGoodValueOutlivesTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := &fake{text: canary}
		c := newCache(f, func(c *secret.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		get(t, c, plain, canary)
		f.set("", errors.New("service unavailable"))
		time.Sleep(5 * time.Minute)
		// With pauses of 1, 2, 4, 8, 16, 32 s and then of a minute there are 10
		// readings in the first five minutes.
		for range 300 {
			get(t, c, plain, canary)
			time.Sleep(time.Second)
		}
		wantReads(t, f, 1+10)
		f.set("v2", nil)
		time.Sleep(time.Minute)
		get(t, c, plain, "v2")
		for _, want := range []string{"could not be read", "service unavailable", "has changed", "fake:key"} {
			if !bytes.Contains(log.Bytes(), []byte(want)) {
				t.Errorf("log lacks %q:\n%s", want, log.String())
			}
		}
		checkClean(t, "log", log.String())
	})
}

// A source that hangs costs a caller Config.Timeout, not more, and does not
// depend on that caller's patience.
func TestHangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1", delay: time.Hour}
		c := newCache(f)
		begin := time.Now()
		_, err := c.Get(t.Context(), plain)
		checkError(t, err, "secret fake:key: context deadline exceeded")
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("the first reading took %v, want 10s", took)
		}
		f.slow(0)
		time.Sleep(time.Second)
		get(t, c, plain, "v1")
		f.slow(time.Hour)
		time.Sleep(5 * time.Minute)
		begin = time.Now()
		get(t, c, plain, "v1")
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("a later reading took %v, want 2s", took)
		}
	})
}

func TestCallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1", delay: time.Second}
		c := newCache(f)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _, _ = c.Get(ctx, plain) }) // leads the reading
		synctest.Wait()
		group.Go(func() {
			_, err := c.Get(ctx, plain) // waits for it
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
		group.Go(func() { get(t, c, plain, "v1") }) // stays
		synctest.Wait()
		cancel()
		group.Wait()
		wantReads(t, f, 1)
	})
}

func TestFirstReadingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{err: errors.New("service unavailable")}
		c := newCache(f)
		for range 3 { // the failure is remembered for a second
			_, err := c.Get(t.Context(), plain)
			checkError(t, err, "secret fake:key: service unavailable")
		}
		wantReads(t, f, 1)
		f.set("v1", nil)
		time.Sleep(time.Second)
		get(t, c, plain, "v1")
	})
}

func TestWithdrawnSecretEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: `{"a": "1", "b": "2"}`}
		c := newCache(f)
		get(t, c, field("a"), "1")
		f.set(`{"b": "2"}`, nil)
		time.Sleep(5 * time.Minute)
		_, err := c.Get(t.Context(), field("a"))
		checkError(t, err, "no such field; it has b")
		get(t, c, field("b"), "2")
		f.set("", fmt.Errorf("%w: deleted", secret.ErrGone))
		time.Sleep(5 * time.Minute)
		_, err = c.Get(t.Context(), field("b"))
		checkError(t, err, "no such secret")
	})
}

// Somebody who breaks the JSON while adding a key must not take all keys away.
func TestBrokenJSONKeepsLastGoodFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: `{"a": "1"}`}
		c := newCache(f)
		get(t, c, field("a"), "1")
		f.set(`{"a": "1", "b": "2"`, nil)
		time.Sleep(5 * time.Minute)
		get(t, c, field("a"), "1")
		f.set(`{"a": "3"}`, nil)
		time.Sleep(time.Second)
		get(t, c, field("a"), "3")
	})
}

func TestUnusableText(t *testing.T) {
	long := make([]byte, 65537)
	tests := []struct {
		name, text string
		ref        secret.Ref
		err        string
	}{
		{"empty", "", plain, "the secret is empty"},
		{"only a line end", "\r\n", plain, "the secret is empty"},
		{"empty field", `{"a": ""}`, field("a"), "the secret is empty"},
		{"not JSON", canary, field("a"), "not a JSON object"},
		{"a JSON list", `["` + canary + `"]`, field("a"), "not a JSON object"},
		{"JSON null", `null`, field("a"), "not a JSON object"},
		{"cut off JSON", `{"a": "` + canary, field("a"), "not a JSON object"},
		{"field is a number", `{"a": 1}`, field("a"), "not a string"},
		{"field is null", `{"a": null}`, field("a"), "not a string"},
		{"no fields", `{}`, field("a"), "without fields"},
		{"other fields", `{"c": "3", "b": "2"}`, field("a"), "it has b, c"},
		{"key and value swapped", `{"` + canary + `": "a", "b": ""}`, field("a"), "it has b"},
		{"many fields", `{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","9":"","A":"","B":""}`,
			field("a"), "8, 9, A, …"},
		{"too long", string(long), plain, "longer than 65536 bytes"},
		{"no source", "", secret.Ref{Scheme: "vault", ID: "x"}, `no source for "vault" references`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCache(&fake{text: tt.text})
			v, err := c.Get(t.Context(), tt.ref)
			if !v.Empty() {
				t.Errorf("got a value beside the error")
			}
			checkError(t, err, tt.err)
			checkError(t, err, "secret "+tt.ref.String()+": ")
		})
	}
}

type panicking struct{}

func (panicking) Read(context.Context, string) (string, error) { panic("broken source") }

// A panic is recovered far above, by the HTTP server; it must not leave the
// cache locked or its waiters waiting.
func TestPanickingSourceLeavesCacheUsable(t *testing.T) {
	t.Parallel()
	c := secret.NewCache(secret.Config{Sources: map[string]secret.Source{"bad": panicking{}, "fake": &fake{text: "v1"}}})
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = c.Get(t.Context(), secret.Ref{Scheme: "bad", ID: "x"})
		}()
	}
	get(t, c, plain, "v1")
}

func BenchmarkGet(b *testing.B) {
	c := newCache(&fake{text: `{"a": "1"}`})
	ctx, ref := b.Context(), field("a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(ctx, ref); err != nil {
			b.Fatal(err)
		}
	}
}
