package storm

import (
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// report sums up a stage that has ended.
func (s *stage) report() Report {
	r := newReport(s.contestant.Name, s.contestant.About, step(s.scenario), s.samples)
	if s.provider != nil {
		s.reportProvider(&r)
	}
	for _, b := range s.observer.bands {
		b.To = min(b.To, float64(len(r.Bins))*r.Step)
		r.Bands = append(r.Bands, b)
	}
	return r
}

// newReport is what the clients saw.
func newReport(name, about string, step time.Duration, samples []sample) Report {
	r := Report{
		Name: name, About: about, Step: step.Seconds(), Problems: map[string]int{},
		Summary: Summary{Outcomes: map[Outcome]int{}},
	}
	var latencies, firsts []float64
	for i := range samples {
		x := &samples[i]
		if !x.finished || x.outcome == Interrupted {
			continue
		}
		r.count(x)
		if x.outcome == Answered {
			latencies = append(latencies, x.latency().Seconds())
			firsts = append(firsts, x.first.Seconds())
			r.Makespan = max(r.Makespan, x.ended.Seconds())
		} else {
			r.Problems[x.problem]++
		}
		r.place(x)
	}
	r.Latencies, r.Latency = hundredths(latencies), quantiles(latencies)
	r.FirstToken = quantiles(firsts)
	return r
}

func (r *Report) count(x *sample) {
	r.Ended++
	r.Outcomes[x.outcome]++
	r.Client429s += len(x.refused)
	if len(x.refused) > 0 {
		r.Saw429++
	}
}

// place puts a request into the bins.
func (r *Report) place(x *sample) {
	r.bin(x.At).Arrived++
	if x.outcome == Answered {
		r.bin(x.ended).Answered++
	}
	for _, at := range x.refused {
		r.bin(at).Clients++
	}
}

// bin is that of a moment; the report grows to have it.
func (r *Report) bin(at time.Duration) *Bin {
	n := max(0, int(at.Seconds()/r.Step))
	for len(r.Bins) <= n {
		r.Bins = append(r.Bins, Bin{})
	}
	return &r.Bins[n]
}

// reportProvider adds what the provider saw.
func (s *stage) reportProvider(r *Report) {
	p := s.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		r.bin(c.at) // so that the keys have as many bins
	}
	for i, name := range p.keys {
		r.Keys = append(r.Keys, KeyReport{
			Name: name, Organisation: p.owner[i] + 1, Refused: make([]int, len(r.Bins)), Usage: s.usage(i, len(r.Bins), r.Step),
		})
	}
	for _, c := range p.calls {
		r.call(c)
	}
	r.waited(s.waits())
	for _, c := range p.Stats().Keys {
		r.Wasted += c.Wasted
		r.Tokens.Input += c.InputTokens
		r.Tokens.CacheRead += c.CacheReadTokens
		r.Tokens.CacheWrite += c.CacheWriteTokens
		r.Tokens.Output += c.OutputTokens
	}
	r.Dollars = r.Tokens.dollars(s.scenario.Provider, s.scenario.Model)
}

func (r *Report) call(c *call) {
	r.UpstreamCalls++
	r.Keys[c.key].Calls++
	switch {
	case c.status == 429:
		r.Upstream429s++
		r.bin(c.at).Upstream++
		r.Keys[c.key].Refused[int(c.at.Seconds()/r.Step)]++
	case c.status == 0 || c.status >= 500:
		r.UpstreamFaults++
	}
}

// waits are the times from the scheduled send to the provider's acceptance, of
// all requests that were accepted.
func (s *stage) waits() []wait {
	var all []wait
	for i := range s.samples {
		x := &s.samples[i]
		if at, ok := s.provider.accepted[x.ID]; ok && x.finished && x.outcome != Interrupted {
			all = append(all, wait{max(0, at-x.At), x.Batch})
		}
	}
	return all
}

// wait is how long a request waited until it was accepted.
type wait struct {
	time.Duration
	batch bool
}

func (r *Report) waited(waits []wait) {
	var all, interactive []float64
	for _, w := range waits {
		all = append(all, w.Seconds())
		if !w.batch {
			interactive = append(interactive, w.Seconds())
		}
	}
	r.Accepted, r.Waits = len(all), hundredths(all)
	r.Wait, r.InteractiveWait = quantiles(all), quantiles(interactive)
}

// usage is a key's share of its quota, by the looks at the provider.
func (s *stage) usage(key, bins int, step float64) []float64 {
	shares := make([]float64, bins)
	limit := float64(s.provider.limits[key].InputTokens) / 60
	looks := s.observer.usage
	for i := 1; i < len(looks) && limit > 0; i++ {
		span := (looks[i].at - looks[i-1].at).Seconds()
		if n := int(looks[i-1].at.Seconds() / step); n < bins && span >= step/2 {
			shares[n] = float64(billed(looks[i].tokens[key])-billed(looks[i-1].tokens[key])) / (limit * span)
		}
	}
	return shares
}

// billed is the input that counts against a limit.
func billed(c simprovider.Counts) int64 { return c.InputTokens + c.CacheWriteTokens }

// dollars is a price of the sum, so long prompts that cost more are not told
// apart; scenarios have none that long.
func (t Tokens) dollars(provider, model string) *float64 {
	price, known := prices.Lookup(provider, model)
	if !known {
		return nil
	}
	price.LongAbove = 0
	sum := price.Cost(upstream.Usage{
		InputTokens: t.Input, OutputTokens: t.Output, CacheReadTokens: t.CacheRead, CacheWriteTokens: t.CacheWrite,
	})
	dollars := float64(sum) / 1e6
	return &dollars
}

// quantiles of any values; zero when there are none.
func quantiles(values []float64) Quantiles {
	slices.Sort(values)
	return Quantiles{quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99)}
}

// hundredths are the quantiles by which a distribution is drawn.
func hundredths(values []float64) []float64 {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	all := make([]float64, 101)
	for i := range all {
		all[i] = quantile(values, float64(i)/100)
	}
	return all
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}
