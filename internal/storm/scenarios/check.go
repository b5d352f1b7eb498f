package scenarios

import (
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

const (
	maxLength = 24 * time.Hour
	maxKeys   = 1000
	// maxRequests is what a scenario may make on average: they are kept in memory.
	maxRequests = 2_000_000
)

// faults collects what is wrong, each with its path.
type faults []string

func (f *faults) need(ok bool, path, format string, args ...any) {
	if !ok {
		*f = append(*f, path+": "+fmt.Sprintf(format, args...))
	}
}

func (s *Scenario) check() []string {
	var f faults
	f.need(s.Name != "", "name", "is missing")
	f.need(s.About != "", "about", "is missing")
	f.need(s.Length > 0 && s.Length <= maxLength, "length", "%v is not between 0s and %v", s.Length, maxLength)
	f.need(s.Provider == "anthropic" || s.Provider == "openai", "provider", "%q is neither anthropic nor openai", s.Provider)
	f.need(s.Patience > 0, "patience", "%v must be above 0s", s.Patience)
	f.need(s.WaitBudget > 0, "wait_budget", "%v must be above 0s", s.WaitBudget)
	f.need(len(s.Traffic) > 0, "traffic", "needs at least one entry")
	total := 0.0
	for i := range s.Traffic {
		total += s.Traffic[i].check(&f, fmt.Sprintf("traffic[%d]", i), s.Length)
	}
	f.need(total <= maxRequests, "traffic", "makes about %.0f requests, at most %d can be", total, maxRequests)
	s.checkKeys(&f)
	s.Goals.check(&f)
	for i, x := range s.Faults {
		x.check(&f, fmt.Sprintf("faults[%d]", i), s.Keys())
	}
	for i, w := range s.StoreOutages {
		w.check(&f, fmt.Sprintf("store_outages[%d]", i))
	}
	return f
}

func (s *Scenario) checkKeys(f *faults) {
	f.need(len(s.Organisations) > 0, "organisations", "needs at least one entry")
	for i, o := range s.Organisations {
		path := fmt.Sprintf("organisations[%d]", i)
		f.need(o.Keys >= 1, path+".keys", "%d is not at least 1", o.Keys)
		o.Limits.check(f, path)
	}
	f.need(s.Keys() <= maxKeys, "organisations", "%d keys are more than %d", s.Keys(), maxKeys)
	s.OneKey.check(f, "one_key")
}

func (l Limits) check(f *faults, path string) {
	f.need(min(l.Requests, l.InputTokens, l.OutputTokens) >= 0, path, "limits must not be negative")
}

// check returns about how many requests there will be.
func (t *Traffic) check(f *faults, path string, length time.Duration) float64 {
	kinds, n := 0, 0.0
	if x := t.Spikes; x != nil {
		kinds++
		n += x.check(f, path+".spikes", t.Latency.P50, length)
	}
	if x := t.Steady; x != nil {
		kinds++
		f.need(x.PerSecond > 0, path+".steady.per_second", "%v must be above 0", x.PerSecond)
		n += x.PerSecond * length.Seconds()
	}
	if x := t.Burst; x != nil {
		kinds++
		n += x.check(f, path+".burst", length)
	}
	f.need(kinds == 1, path, "needs exactly one of spikes, steady and burst")
	f.need(t.Input.Mean >= 50 && t.Input.Mean <= t.Input.Most, path+".input.mean", "%v is not between 50 and input.most (%v)", t.Input.Mean, t.Input.Most)
	f.need(t.Input.Sigma >= 0 && t.Input.Sigma <= 3, path+".input.sigma", "%v is not between 0 and 3", t.Input.Sigma)
	f.need(t.Input.Most <= 190_000, path+".input.most", "%v is over 190000", t.Input.Most)
	f.need(t.Output.Mean >= 1 && t.Output.Mean <= 4000, path+".output.mean", "%v is not between 1 and 4000", t.Output.Mean)
	l := t.Latency
	f.need(l.First >= 0 && l.P50 > 0 && l.First <= l.P50 && l.P50 <= l.P95 && l.P95 <= l.Most,
		path+".latency", "needs 0s <= first <= p50 <= p95 <= most, and p50 above 0s")
	h := t.Threads
	f.need(h == Threads{} || t.Spikes != nil, path+".threads", "are for spikes only")
	f.need(h.Calls >= 0 && h.Share >= 0 && h.Share < 1 && h.Within >= 0, path+".threads", "needs calls >= 0, 0 <= share < 1 and within >= 0s")
	return n
}

func (x *Spikes) check(f *faults, path string, p50, length time.Duration) float64 {
	f.need(x.InFlight > 0 && x.Idle >= 0 && x.Idle <= x.InFlight, path, "needs 0 <= idle <= in_flight, and in_flight above 0")
	f.need(x.Every > 0 && x.First >= 0 && x.Lasting > 0 && x.First+x.Lasting <= x.Every, path, "needs first + lasting <= every, and lasting above 0s")
	f.need(x.Spread >= 0 && x.Spread <= 0.3, path+".spread", "%v is not between 0 and 0.3", x.Spread)
	return x.InFlight / max(p50, time.Millisecond).Seconds() * length.Seconds()
}

func (x *Burst) check(f *faults, path string, length time.Duration) float64 {
	f.need(x.Count >= 1, path+".count", "%d is not at least 1", x.Count)
	f.need(x.At >= 0 && x.Within >= 0 && x.Every >= 0 && x.Times >= 0, path, "times must not be negative")
	last := x.At + time.Duration(max(0, x.Times-1))*x.Every
	f.need(last <= length, path, "the last burst is at %v, after the end", last)
	return float64(x.Count) * float64(max(1, x.Times))
}

func (x Fault) check(f *faults, path string, keys int) {
	x.Window.check(f, path)
	f.need(x.Key >= 0 && x.Key <= keys, path+".key", "there is no key %d; they are 1 to %d", x.Key, keys)
	if err := x.Simulated(1).Validate(); err != nil {
		f.need(false, path, "%v", err)
	}
}

func (w Window) check(f *faults, path string) {
	f.need(w.At >= 0 && w.For >= 0, path, "at and for must not be negative")
}

// Simulated is the fault as the simulated provider knows it, in a time that
// runs so many times as fast.
func (x Fault) Simulated(compress float64) simprovider.Fault {
	s := simprovider.Fault{
		Effect: fault.Effect(x.Effect), Probability: x.Probability, Factor: x.Factor,
		For: time.Duration(float64(x.For) / compress), RetryAfter: time.Duration(float64(x.RetryAfter) / compress),
	}
	if x.Key > 0 {
		s.Key = KeyName(x.Key)
	}
	return s
}

// KeyName is the credential of a key, counted from 1.
func KeyName(n int) string { return fmt.Sprintf("sim-key-%d", n) }
