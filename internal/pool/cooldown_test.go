package pool_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestWhatRests holds every class to the record it may touch. Two keys share
// group "org"; key-1 met the refusal, for sonnet.
func TestWhatRests(t *testing.T) {
	t.Parallel()
	const (
		theFamily = "quota#org#" + sonnet
		theGroup  = "rest#group#org#*"
		theKey    = "rest#key#key-1#*"
		keyModel  = "rest#key#key-1#" + sonnet
		nothing   = ""
	)
	type free struct{ sameKey, otherModel, otherKey bool }
	var (
		all   = free{true, true, true}
		none  = free{}
		model = free{sameKey: false, otherModel: true, otherKey: false}
	)
	tests := []struct {
		class upstream.Class
		rests string
		free  free
	}{
		{upstream.RateLimit, theFamily, model},
		{upstream.Ramp, theFamily, model},
		{upstream.Concurrency, theGroup, none},
		{upstream.Encryption, theGroup, none},
		{upstream.SpendCap, theGroup, none},
		{upstream.Billing, theGroup, none},
		{upstream.Hold, theGroup, none},
		{upstream.Auth, theKey, free{otherKey: true}},
		{upstream.Permission, keyModel, free{otherModel: true, otherKey: true}},
		{upstream.FastLimit, nothing, all},
		{upstream.UnknownModel, nothing, all},
		{upstream.Context, nothing, all},
		{upstream.TooLarge, nothing, all},
		{upstream.Client, nothing, all},
		{upstream.Provider, nothing, all},
		{upstream.Timeout, nothing, all},
		{upstream.Overload, nothing, all},
		{upstream.Connect, nothing, all},
		{upstream.Truncated, nothing, all},
		{"a class nobody knows", nothing, all},
	}
	for _, tt := range tests {
		t.Run(string(tt.class), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				here := newPool(table, inGroup("org", keys(2)...))
				there := newPool(table, inGroup("org", keys(2)...))
				refuse(t, bookKey(t, here, "key-1", ask(sonnet), "key-2"), upstream.Fault{Class: tt.class, RetryAfter: 20 * time.Second})
				if got := strings.Join(rested(items(t, table)), " "); got != tt.rests {
					t.Errorf("rests %q, want %q", got, tt.rests)
				}
				for where, p := range map[string]*pool.Pool{"here": here, "in another instance": there} {
					got := free{isFree(t, p, sonnet, "key-2"), isFree(t, p, haiku, "key-2"), isFree(t, p, sonnet, "key-1")}
					if got != tt.free {
						t.Errorf("%s: got %+v, want %+v", where, got, tt.free)
					}
				}
			})
		})
	}
}

// isFree reports whether a model can be asked without the keys named.
func isFree(t *testing.T, p *pool.Pool, model string, without ...string) bool {
	t.Helper()
	_, err := p.Book(t.Context(), tried(ask(model), without...))
	return err == nil
}

// restLength returns how long a pool of one key refuses after fault.
func restLength(t *testing.T, f upstream.Fault, rnd float64) time.Duration {
	t.Helper()
	p := newPool(embedded.NewMemory(), keys(1), random(func() float64 { return rnd }))
	refuse(t, book(t, p, ask(sonnet)), f)
	return exhausted(t, p, ask(sonnet)).RetryAfter
}

func TestLengthOfRest(t *testing.T) {
	t.Parallel()
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of every synctest bubble
	told := func(class upstream.Class, d time.Duration) upstream.Fault {
		return upstream.Fault{Class: class, RetryAfter: d}
	}
	tests := []struct {
		name        string
		fault       upstream.Fault
		least, most time.Duration // without and with the most jitter
	}{
		{"as told", limited(20 * time.Second), 20 * time.Second, 21 * time.Second},
		{"jitter ends at two seconds", limited(5 * time.Minute), 5 * time.Minute, 5*time.Minute + 2*time.Second},
		{"ten minutes at most", limited(24 * time.Hour), 10 * time.Minute, 10*time.Minute + 2*time.Second},
		{"less than a millisecond", limited(300 * time.Microsecond), time.Millisecond, time.Millisecond},
		{"broken milliseconds are rounded up", limited(1500*time.Millisecond + 1), 1501 * time.Millisecond, 1576 * time.Millisecond},
		{"nothing told", limited(0), 5 * time.Second, 5250 * time.Millisecond},
		{"ramp", told(upstream.Ramp, 12*time.Second), 12 * time.Second, 12600 * time.Millisecond},
		{"concurrency", told(upstream.Concurrency, 2*time.Second), 2 * time.Second, 2100 * time.Millisecond},
		{"encryption", of(upstream.Encryption), time.Minute, 62 * time.Second},
		{"permission", of(upstream.Permission), 10 * time.Minute, 10*time.Minute + 2*time.Second},
		{"auth", of(upstream.Auth), 5 * time.Minute, 5*time.Minute + 2*time.Second},
		{"billing", of(upstream.Billing), 10 * time.Minute, 10*time.Minute + 2*time.Second},
		{"hold", of(upstream.Hold), 365 * 24 * time.Hour, 365*24*time.Hour + 2*time.Second},
		{"spend cap until its date", upstream.Fault{Class: upstream.SpendCap, Until: start.AddDate(0, 0, 9)},
			9 * 24 * time.Hour, 9*24*time.Hour + 2*time.Second},
		{"spend cap without a date", of(upstream.SpendCap), time.Hour, time.Hour + 2*time.Second},
		{"spend cap with a date gone by", upstream.Fault{Class: upstream.SpendCap, Until: start.AddDate(0, 0, -1)}, time.Hour, time.Hour + 2*time.Second},
		{"spend cap with a senseless date", upstream.Fault{Class: upstream.SpendCap, Until: start.AddDate(7000, 0, 0)},
			32 * 24 * time.Hour, 32*24*time.Hour + 2*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got := restLength(t, tt.fault, 0); got != tt.least {
					t.Errorf("without jitter: got %v, want %v", got, tt.least)
				}
				if got := restLength(t, tt.fault, 0.999999999999); got < tt.least || got > tt.most || got < tt.most-time.Millisecond {
					t.Errorf("with the most jitter: got %v, want %v", got, tt.most)
				}
			})
		})
	}
}

// TestNeverBackEarly: the shared time counts milliseconds, and a refusal that
// falls between two of them must not be cut short.
func TestNeverBackEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, there := newPool(table, keys(1)), newPool(table, keys(1))
		time.Sleep(900 * time.Microsecond)
		end := time.Now().Add(2 * time.Second)
		refuse(t, book(t, here, ask(sonnet)), limited(2*time.Second))
		time.Sleep(time.Until(end) - 1)
		for where, p := range map[string]*pool.Pool{"here": here, "in another instance": there} {
			if isFree(t, p, sonnet) {
				t.Errorf("%s: free a nanosecond before the end", where)
			}
		}
		time.Sleep(time.Millisecond)
		if !isFree(t, here, sonnet) || !isFree(t, there, sonnet) {
			t.Error("not free a millisecond after the end")
		}
	})
}

// TestBackOff: without a word from the provider the rests grow, over all
// instances, until a success.
func TestBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		pools := []*pool.Pool{newPool(table, keys(1)), newPool(table, keys(1))}
		again := func(round int) time.Duration {
			p := pools[round%2]
			refuse(t, book(t, p, ask(sonnet)), limited(0))
			d := exhausted(t, pools[(round+1)%2], ask(sonnet)).RetryAfter
			time.Sleep(d)
			return d
		}
		var got []time.Duration
		for round := range 12 {
			got = append(got, again(round)/time.Second)
		}
		if want := []time.Duration{5, 10, 20, 30, 30, 30, 30, 30, 30, 30, 30, 30}; !slices.Equal(got, want) {
			t.Errorf("got rests of %d s, want %d", got, want)
		}
		serve(t, book(t, pools[0], ask(sonnet)))
		if got := again(1); got != 5*time.Second {
			t.Errorf("got %v after a success, want 5s", got)
		}
	})
}

// TestConcurrentRefusalsAreOneEpisode: forty refusals of one limit are one
// piece of news; they must neither add up nor lengthen each other's rest.
func TestConcurrentRefusalsAreOneEpisode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		pools := []*pool.Pool{newPool(table, keys(1)), newPool(table, keys(1)), newPool(table, keys(1)), newPool(table, keys(1))}
		for round, want := range []time.Duration{5 * time.Second, 10 * time.Second} {
			bookings := make([]*pool.Booking, 40)
			for i := range bookings {
				if i == len(pools) {
					time.Sleep(30 * time.Millisecond) // the scouts' hold
				}
				bookings[i] = book(t, pools[i%len(pools)], ask(sonnet))
			}
			_, _, before := table.Calls()
			together(len(bookings), func(i int) { refuse(t, bookings[i], limited(0)) })
			if _, _, after := table.Calls(); after-before > 90 {
				t.Errorf("round %d: %d writes for 40 refusals", round, after-before)
			}
			if got := exhausted(t, pools[0], ask(sonnet)).RetryAfter; got != want {
				t.Errorf("round %d: rests for %v, want %v", round, got, want)
			}
			if got := record(t, table, "quota#key-1#"+sonnet).Int("count"); got != int64(round+1) {
				t.Errorf("round %d: counts %d episodes, want %d", round, got, round+1)
			}
			time.Sleep(want)
		}
	})
}

// TestLongerRestWins, whichever comes first, and takes its reason along.
func TestLongerRestWins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		first, second upstream.Fault
		wait          time.Duration
		class         upstream.Class
	}{
		{"longer second", of(upstream.Concurrency), of(upstream.Billing), 10 * time.Minute, upstream.Billing},
		{"longer first", of(upstream.Billing), of(upstream.Concurrency), 10 * time.Minute, upstream.Billing},
		{"spend cap under a hold", of(upstream.Hold), of(upstream.SpendCap), 365 * 24 * time.Hour, upstream.Hold},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				here, there := newPool(table, keys(1)), newPool(table, keys(1))
				a, b := book(t, here, ask(sonnet)), book(t, there, ask(sonnet))
				refuse(t, a, tt.first)
				refuse(t, b, tt.second)
				for where, p := range map[string]*pool.Pool{"where the first was met": here, "where the second was": there} {
					if e := exhausted(t, p, ask(sonnet)); e.RetryAfter != tt.wait || e.Class != tt.class {
						t.Errorf("%s: rests for %v (%s), want %v (%s)", where, e.RetryAfter, e.Class, tt.wait, tt.class)
					}
				}
			})
		})
	}
}

// TestQuarantineIsNotSoftened: a cooldown that outlasts a quarantine moves its
// end, but a probe must still decide.
func TestQuarantineIsNotSoftened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, there := newPool(table, keys(1)), newPool(table, keys(1))
		a, b := book(t, here, ask(sonnet)), book(t, there, ask(sonnet))
		refuse(t, a, of(upstream.Billing))
		time.Sleep(time.Second)
		refuse(t, b, upstream.Fault{Class: upstream.Concurrency, RetryAfter: 10 * time.Minute})
		time.Sleep(10 * time.Minute)
		if !book(t, here, ask(sonnet)).Probe {
			t.Error("the first request after it is not a probe")
		}
		exhausted(t, there, ask(sonnet))
	})
}
