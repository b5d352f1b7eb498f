package simulation

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// oneKey is a provider with one organisation of a million input tokens.
func oneKey(set ...func(*Scenario)) *provider {
	s := Scenario{Organisations: []quota.Limits{limits(1_000_000)}, Keys: []int{0}}
	for _, f := range set {
		f(&s)
	}
	return newProvider(s, 1)
}

func asking(input int64) *Request { return &Request{Input: input, Output: 10} }

func admitted(t *testing.T, p *provider, r *Request) admission {
	t.Helper()
	a := p.admit(0, r, 0)
	if a.fault != nil {
		t.Fatalf("refused: %v", a.fault)
	}
	return a
}

func refusedWith(t *testing.T, p *provider, r *Request, class upstream.Class) admission {
	t.Helper()
	a := p.admit(0, r, 0)
	if a.fault == nil || a.fault.Class != class {
		t.Fatalf("got %+v, want %s", a, class)
	}
	return a
}

// Whatever is asked, no more goes through than the bucket held and what flowed
// in, in all and for a hidden burst within any window.
func TestBucketsConserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey(func(s *Scenario) { s.Hidden = 8 * time.Second })
		r := source(1, "conserve")
		type taken struct {
			at    time.Duration
			input int64
		}
		var all []taken
		for range 20_000 {
			time.Sleep(time.Duration(r.ExpFloat64() * float64(100*time.Millisecond)))
			q := asking(int64(inputs.draw(r)))
			if p.admit(0, q, 0).fault == nil {
				all = append(all, taken{time.Since(p.began), q.Input})
			}
		}
		for i := range all {
			sum := int64(0)
			for j := i; j >= 0 && all[i].at-all[j].at < 3*time.Second; j-- {
				sum += all[j].input
			}
			if most := 1e6 / 60 * (8 + 3.1); float64(sum) > most {
				t.Fatalf("%d tokens within 3 s, at most %.0f may pass", sum, most)
			}
		}
		total := int64(0)
		for _, x := range all {
			total += x.input
		}
		if most := 1e6 * (1 + time.Since(p.began).Minutes()); float64(total) > most || float64(total) < 0.8*(most-1e6) {
			t.Errorf("%d tokens passed, want nearly all of %.0f", total, most)
		}
	})
}

func TestRefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, hidden := range []time.Duration{0, 8 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := oneKey(func(s *Scenario) { s.Hidden = hidden })
			for p.admit(0, asking(50_000), 0).fault == nil {
			}
			a := refusedWith(t, p, asking(50_000), upstream.RateLimit)
			if after := a.fault.RetryAfter; after < a.wait || after >= a.wait+time.Second || after%time.Second != 0 {
				t.Errorf("retry-after is %s, want %s rounded up to seconds", after, a.wait)
			}
			time.Sleep(a.wait - 2*time.Millisecond)
			refusedWith(t, p, asking(50_000), upstream.RateLimit)
			time.Sleep(3 * time.Millisecond)
			admitted(t, p, asking(50_000))
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey()
		a := admitted(t, p, asking(123_456))
		if a.signals.Owner != "org-0" || len(a.signals.Limits) != 3 {
			t.Fatalf("got %+v, want three limits of org-0", a.signals)
		}
		for _, l := range a.signals.Limits {
			switch want := map[upstream.Dimension]int64{
				upstream.Requests: 499, upstream.InputTokens: 877_000, upstream.OutputTokens: 200_000,
			}[l.Dimension]; {
			case l.Remaining != want:
				t.Errorf("%s: %d remain, want %d", l.Dimension, l.Remaining, want)
			case l.Dimension == upstream.InputTokens && !l.FullAt.After(time.Now()):
				t.Error("input is said to be full at once")
			}
		}
	})
}

func TestHalvedLimitsShow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey(func(s *Scenario) { s.Halve = time.Minute })
		for _, want := range []int64{1_000_000, 500_000, 500_000} {
			for _, l := range admitted(t, p, asking(1)).signals.Limits {
				if l.Dimension == upstream.InputTokens && l.PerMinute != want {
					t.Errorf("after %s the limit is %d, want %d", time.Since(p.began), l.PerMinute, want)
				}
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestStuckKeySaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey(func(s *Scenario) {
			s.Stuck = Window{time.Minute, 2 * time.Minute}
			s.Organisations, s.Keys = append(s.Organisations, limits(1)), []int{0, 0}
		})
		admitted(t, p, asking(1))
		time.Sleep(time.Minute)
		a := refusedWith(t, p, asking(1), upstream.RateLimit)
		if a.fault.RetryAfter != 10*time.Second || len(a.signals.Limits) != 0 || a.signals.Owner != "" {
			t.Errorf("got %+v, want 10 s and no headers", a)
		}
		if other := p.admit(1, asking(1), 0); other.fault != nil {
			t.Errorf("the other key of the organisation is refused: %v", other.fault)
		}
		time.Sleep(time.Minute)
		admitted(t, p, asking(1))
	})
}

func TestOverloadWaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey(func(s *Scenario) { s.Waves = []Window{{time.Minute, 2 * time.Minute}} })
		for _, want := range []float64{0, 0.6, 0} {
			overloaded := 0.0
			for i := range 2000 {
				r := &Request{ID: i}
				hit := p.overloaded(r, 0, time.Since(p.began))
				if hit != p.overloaded(r, 0, time.Since(p.began)) {
					t.Fatal("the same call meets another fate")
				}
				if hit {
					overloaded++
				}
			}
			near(t, "share of calls overloaded", overloaded/2000, want, 0.05)
			time.Sleep(time.Minute)
		}
	})
}

func TestPromptCacheBelongsToAnOrganisation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := Scenario{Organisations: []quota.Limits{limits(1e6), limits(1e6)}, Keys: []int{0, 0, 1}}
		p := newProvider(s, 1)
		r := &Request{Input: 1000, Prefix: 750, Conversation: "review", Cached: 50}
		paid := func(key int) int64 { return uncached(p.admit(key, r, 0).usage) }
		steps := []struct {
			name  string
			after time.Duration
			key   int
			want  int64
		}{
			{"first", 0, 0, 950},
			{"before the first has been read", 500 * time.Millisecond, 0, 950},
			{"the same key", time.Second, 0, 200},
			{"another key of the organisation", time.Second, 1, 200},
			{"another organisation", time.Second, 2, 950},
			{"used within five minutes", 4 * time.Minute, 0, 200},
			{"and again", 4 * time.Minute, 0, 200},
			{"forgotten", 6 * time.Minute, 0, 950},
		}
		for _, step := range steps {
			time.Sleep(step.after)
			if got := paid(step.key); got != step.want {
				t.Errorf("%s: paid for %d, want %d", step.name, got, step.want)
			}
		}
	})
}

func TestOutputIsChargedAsProduced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := oneKey(func(s *Scenario) { s.Organisations[0].OutputTokens = 600 })
		c := &Call{Request: Request{Input: 1, Output: 1200, Latency: 10 * time.Second}, provider: p, Arrived: time.Now()}
		left := func() int64 {
			for _, l := range p.orgs[0].quota.Levels(time.Now()) {
				if l.Dimension == upstream.OutputTokens {
					return l.Remaining
				}
			}
			return -1
		}
		if a := c.Send(0); a.Fault != nil || left() < 599 {
			t.Fatalf("got %+v with %d left, want an answer and nothing charged yet", a, left())
		}
		if u := c.Stream(); u.OutputTokens != 1200 || time.Since(c.Arrived) != c.Latency {
			t.Errorf("got %+v after %s, want 1200 tokens after 10 s", u, time.Since(c.Arrived))
		}
		// 600 at first, 1,201 charged, 100 refilled in 10 s: 501 below zero.
		a := c.Send(0)
		near(t, "seconds until output is there again", a.Fault.RetryAfter.Seconds(), 51, 0.02)
	})
}

func TestForeignClientTakesItsShare(t *testing.T) {
	t.Parallel()
	s := Scenario{Length: 10 * time.Minute, Foreign: 0.6, Traffic: steady(shapes{input: lognormal{8000, 0.01, 9000}, bias: 1}, 3)}
	s = s.each(1, 1_000_000)
	r := run(t, s, limiter(t, "rotate"), 1)
	// 0.4 of a million a minute and one full bucket are 5 of the 14.4 million asked for.
	near(t, "client 429 %", r.Limited, 100*(14.4-5)/14.4, 0.06)
}
