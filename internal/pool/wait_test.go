package pool_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// resting is a pool of n keys, of which key-1 rests for 10 s, key-2 for 20 s
// and so on.
func resting(t *testing.T, n int, set ...func(*pool.Config)) *pool.Pool {
	t.Helper()
	p := newPool(embedded.NewMemory(), keys(n), set...)
	for range n {
		b := book(t, p, asking("c"))
		nr, err := strconv.Atoi(strings.TrimPrefix(b.Key, "key-"))
		if err != nil {
			t.Fatal(err)
		}
		refuse(t, b, limited(time.Duration(nr)*10*time.Second))
	}
	return p
}

func TestWaitsForTheEarliest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := resting(t, 3, waits(10*time.Second))
		began := time.Now()
		b := book(t, p, asking("c"))
		if b.Key != "key-1" || b.Waited != 10*time.Second || time.Since(began) != b.Waited {
			t.Errorf("got %s after %v (says %v), want key-1 after 10s", b.Key, time.Since(began), b.Waited)
		}
		if b := book(t, p, asking("c")); b.Waited != 0 {
			t.Errorf("the next request waited %v, want 0", b.Waited)
		}
	})
}

func TestPatience(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		budget   time.Duration
		deadline time.Duration // of the context; 0 for none
		books    bool
	}{
		{"budget is just enough", 10 * time.Second, 0, true},
		{"budget ends a moment before", 10*time.Second - 1, 0, false},
		{"no budget", 0, 0, false},
		{"context ends a moment after", time.Minute, 10*time.Second + 1, true},
		{"context ends at that moment", time.Minute, 10 * time.Second, false},
		{"context ends before", time.Minute, 9 * time.Second, false},
		{"context outlives the budget", 9 * time.Second, time.Minute, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := resting(t, 3, waits(tt.budget))
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				began := time.Now()
				b, err := p.Book(ctx, asking("c"))
				took := time.Since(began)
				if tt.books {
					if err != nil || b.Waited != 10*time.Second {
						t.Errorf("got %+v, %v; want a key after 10s", b, err)
					}
					return
				}
				var e *pool.ExhaustedError
				if !errors.As(err, &e) || e.RetryAfter != 10*time.Second {
					t.Errorf("got %v, want RetryAfter 10s", err)
				}
				if took != 0 {
					t.Errorf("it took %v to say so, want the answer at once", took)
				}
			})
		})
	}
}

func TestWokenByNewsHere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		wake func(t *testing.T, here, there *pool.Pool) error
	}{
		{"an operator clears", func(t *testing.T, here, _ *pool.Pool) error {
			_, err := here.Clear(t.Context(), "key-1")
			return err
		}},
		{"another request reads that it was cleared elsewhere", func(t *testing.T, here, there *pool.Pool) error {
			_, err := there.Clear(t.Context(), "key-1")
			here.State(t.Context())
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pools := instances(embedded.NewMemory(), 2, waits(time.Minute))
				refuse(t, book(t, pools[0], ask(sonnet)), limited(50*time.Second))
				done := make(chan time.Duration)
				go func() { done <- book(t, pools[0], ask(sonnet)).Waited }()
				time.Sleep(7 * time.Second)
				if err := tt.wake(t, pools[0], pools[1]); err != nil {
					t.Error(err)
				}
				if got := <-done; got != 7*time.Second {
					t.Errorf("waited %v, want 7s", got)
				}
			})
		})
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	gone := errors.New("client gone")
	for _, tt := range []struct {
		name   string
		cancel func(context.Context) (context.Context, func())
		want   error
	}{
		{"cancelled", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			return ctx, cancel
		}, context.Canceled},
		{"cancelled with a cause", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			return ctx, func() { cancel(gone) }
		}, gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := resting(t, 2, waits(time.Minute))
				ctx, cancel := tt.cancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				began := time.Now()
				b, err := p.Book(ctx, asking("c"))
				if b != nil || !errors.Is(err, tt.want) || time.Since(began) != 3*time.Second {
					t.Errorf("got %+v, %v after %v; want %v after 3s", b, err, time.Since(began), tt.want)
				}
				if b, err := p.Book(ctx, asking("d")); b != nil || !errors.Is(err, tt.want) {
					t.Errorf("with a context that has ended: got %+v, %v; want %v", b, err, tt.want)
				}
			})
		})
	}
}

// TestEndedContextTakesNoProbe: a client that has gone must not keep the
// others from probing.
func TestEndedContextTakesNoProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := quarantined(t, embedded.NewMemory(), 1)[0]
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Book(gone, ask(sonnet)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if !book(t, p, ask(sonnet)).Probe {
			t.Error("the next request is not a probe")
		}
	})
}

// TestWaitingDoesNotPoll: a request reads the store when it comes and when its
// time has come.
func TestWaitingDoesNotPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1), waits(time.Hour))
		refuse(t, book(t, p, ask(sonnet)), limited(9*time.Minute))
		before, _, _ := table.Calls()
		together(5, func(int) { book(t, p, ask(sonnet)) })
		// Arriving, waking, and for four of five the hold of the group's scout.
		if after, _, _ := table.Calls(); after-before > 5*3 {
			t.Errorf("%d queries for five requests that waited nine minutes, want at most 15", after-before)
		}
	})
}

func TestExhausted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		faults  []upstream.Fault // of key-1 to key-3; an empty class for none
		tried   []string
		class   upstream.Class
		after   time.Duration
		because []string
	}{
		{"all limited", []upstream.Fault{limited(30 * time.Second), limited(20 * time.Second), limited(time.Minute)}, nil,
			upstream.RateLimit, 20 * time.Second,
			[]string{"key-1: rests until 2000-01-01 00:00:30 UTC (provider said rate_limit, retry after 30s)", "key-3: rests until 2000-01-01 00:01:00 UTC"}},
		{"all unpaid", []upstream.Fault{of(upstream.Billing), of(upstream.Billing), of(upstream.Billing)}, nil,
			upstream.Billing, 10 * time.Minute, []string{"provider said billing"}},
		{"all wrong", []upstream.Fault{of(upstream.Auth), {Class: upstream.Auth, Code: "key_expired"}, of(upstream.Auth)}, nil,
			upstream.Auth, 5 * time.Minute, []string{"key-2: rests until 2000-01-01 00:05:00 UTC (provider said auth (key_expired))"}},
		{"mixed", []upstream.Fault{of(upstream.Auth), of(upstream.Billing), of(upstream.Auth)}, nil,
			upstream.RateLimit, 5 * time.Minute, nil},
		{"one rests, the others were tried", []upstream.Fault{of(upstream.Billing), {}, {}}, []string{"key-2", "key-3"},
			upstream.RateLimit, 10 * time.Minute, []string{"key-2: already tried by this request"}},
		{"all tried, none rests", []upstream.Fault{{}, {}, {}}, []string{"key-1", "key-2", "key-3"},
			upstream.RateLimit, 0, []string{"key-1: already tried by this request; key-2: already"}},
		{"all tried and all of them unpaid", []upstream.Fault{of(upstream.Billing), of(upstream.Billing), of(upstream.Billing)}, []string{"key-1", "key-2", "key-3"},
			upstream.Billing, 0, nil},
		{"the date of a spend limit", []upstream.Fault{
			{Class: upstream.SpendCap, Until: time.Date(2000, 1, 20, 0, 0, 0, 0, time.UTC)},
			{Class: upstream.SpendCap, Until: time.Date(2000, 1, 20, 0, 0, 0, 0, time.UTC)},
			{Class: upstream.SpendCap, Until: time.Date(2000, 1, 20, 0, 0, 0, 0, time.UTC)}}, nil,
			upstream.SpendCap, 19 * 24 * time.Hour, []string{"until 2000-01-20 00:00:00 UTC"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(embedded.NewMemory(), keys(3), waits(time.Second))
				names := []string{"key-1", "key-2", "key-3"}
				for i, f := range tt.faults {
					if f.Class != "" {
						others := append(append([]string{}, names[:i]...), names[i+1:]...)
						refuse(t, bookKey(t, p, names[i], ask(sonnet), others...), f)
					}
				}
				e := exhausted(t, p, tried(ask(sonnet), tt.tried...))
				if e.Class != tt.class || e.RetryAfter != tt.after {
					t.Errorf("got %s, retry after %v; want %s, %v", e.Class, e.RetryAfter, tt.class, tt.after)
				}
				for _, why := range tt.because {
					if !strings.Contains(e.Error(), why) {
						t.Errorf("got %q, want it to say %q", e, why)
					}
				}
			})
		})
	}
}

// TestExhaustedByAProbe: while another instance probes, the cause is still the
// one of the quarantine, also beside a limit that has run out.
func TestExhaustedByAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pools := instances(embedded.NewMemory(), 2)
		a, b := book(t, pools[0], ask(sonnet)), book(t, pools[1], ask(sonnet))
		refuse(t, a, of(upstream.Auth))
		time.Sleep(time.Second)
		refuse(t, b, limited(5*time.Minute))
		time.Sleep(5 * time.Minute)
		book(t, pools[0], ask(sonnet))
		e := exhausted(t, pools[1], ask(sonnet))
		if e.Class != upstream.Auth || e.RetryAfter != time.Minute || !strings.Contains(e.Why, "is being probed (provider said auth)") {
			t.Errorf("got %s, retry after %v, %q; want auth, 1m, being probed", e.Class, e.RetryAfter, e.Why)
		}
	})
}
