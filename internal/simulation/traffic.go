package simulation

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Traffic makes the requests of one run, in the order of their arrival, none
// of them later than length.
type Traffic func(seed int64, length time.Duration) []Request

// The storm that the scenarios are made of: a team's review bots, in spikes.
const (
	spikeEvery  = 10 * time.Minute
	spikeOffset = 5 * time.Minute // of a spike's beginning in each period
	spikeLength = 4 * time.Minute
	inFlight    = 36 // on average during a spike
	idleFlight  = 3  // and between two
	// heightSpread is the standard deviation of the spikes' heights: no two
	// mornings are alike.
	heightSpread = 0.07

	// meanInput is such that one key of singleKey leaves 8.2 % unanswered.
	meanInput  = 8350
	meanOutput = 770
)

// latency has its median at 11 s and its 95th percentile at 28 s.
var latency = lognormal{median: 11, sigma: math.Log(28.0/11) / 1.645, most: 180}

// inputs are the ordinary prompts, heavyInputs those with a few huge ones: what
// withMean makes of meanInput. It takes some 20 ms for it, and whatever links
// this package would pay for them at every start.
var (
	inputs      = lognormal{median: 6067.519048141835, sigma: 0.8, most: 100_000}
	heavyInputs = lognormal{median: 2219.322816340668, sigma: 1.7, most: 150_000}
)

var meanLatency = latency.mean() // seconds

// spikeRate is the number of requests per second during an average spike.
var spikeRate = inFlight / meanLatency

// spikeDemand is the number of input tokens per minute during a spike.
var spikeDemand = spikeRate * 60 * meanInput

// shapes draws what a request is like, apart from when it comes.
type shapes struct {
	input lognormal
	// pace is how long answers take, mean its mean, and output their mean size;
	// zero means those of the storm.
	pace         lognormal
	mean, output float64
	// bias and spread describe the estimate of a prompt: a log-normal factor
	// of mean bias.
	bias, spread float64
}

var ordinary = shapes{input: inputs, bias: 1, spread: 0.1}

func (s shapes) draw(r *rand.Rand) Request {
	pace, mean := s.paced()
	seconds := pace.draw(r)
	wordy := lognormal{median: math.Exp(-0.25 * 0.25 / 2), sigma: 0.25, most: 10}
	q := Request{
		Latency: time.Duration(seconds * float64(time.Second)),
		Input:   int64(s.input.draw(r)) + 1,
		// A long answer is one that took long.
		Output: int64(cmp.Or(s.output, meanOutput)/mean*seconds*wordy.draw(r)) + 1,
	}
	q.Estimate = s.estimate(r, q.Input)
	return q
}

// paced is how long answers take: the distribution in seconds, and its mean.
func (s shapes) paced() (lognormal, float64) {
	if s.pace == (lognormal{}) {
		return latency, meanLatency
	}
	return s.pace, s.mean
}

func (s shapes) estimate(r *rand.Rand, input int64) int64 {
	factor := s.bias * math.Exp(s.spread*r.NormFloat64()-s.spread*s.spread/2)
	return int64(float64(input)*factor) + 1
}

// storm is spikes with little between them.
func storm(s shapes) Traffic { return ordinarySpikes.storm(s) }

func (p spikes) storm(s shapes) Traffic {
	return func(seed int64, length time.Duration) []Request {
		r := source(seed, "storm")
		var all []Request
		for _, at := range p.poisson(r, s, length, 1) {
			q := s.draw(r)
			q.At = at
			all = append(all, q)
		}
		return numbered(all)
	}
}

// steady arrives at a constant rate, a second.
func steady(s shapes, perSecond float64) Traffic {
	return func(seed int64, length time.Duration) []Request {
		r := source(seed, "steady")
		var all []Request
		for at := gap(r, perSecond); at < length; at += gap(r, perSecond) {
			q := s.draw(r)
			q.At = at
			all = append(all, q)
		}
		return numbered(all)
	}
}

// burst is n requests from a moment on, within a short time.
func burst(s shapes, n int, from, within time.Duration) Traffic {
	return func(seed int64, _ time.Duration) []Request {
		r := source(seed, "burst")
		all := make([]Request, n)
		for i := range all {
			all[i] = s.draw(r)
			all[i].At = from + time.Duration(r.Float64()*float64(within))
		}
		return numbered(all)
	}
}

// reviews is a storm whose requests come in threads: the calls of one pull
// request share three quarters of their prompt.
func reviews(s shapes) Traffic {
	return ordinarySpikes.threads(s, Threads{Calls: 8, Share: 0.75, Within: time.Minute})
}

func (p spikes) threads(s shapes, t Threads) Traffic {
	return func(seed int64, length time.Duration) []Request {
		r := source(seed, "reviews")
		var all []Request
		for i, began := range p.poisson(r, s, length-t.Within, t.Calls) {
			prefix := int64(t.Share * s.input.draw(r))
			for call := range t.Calls {
				q := s.draw(r)
				q.At, q.Conversation, q.Prefix = began, fmt.Sprintf("review-%d", i), prefix
				if call > 0 {
					q.At += time.Duration(r.Float64() * float64(t.Within))
				}
				q.Input = prefix + int64((1-t.Share)*float64(q.Input)) + 1
				q.Estimate = s.estimate(r, q.Input)
				all = append(all, q)
			}
		}
		return numbered(all)
	}
}

// halfCached lets every second prompt be found in the cache for the most part.
func halfCached(t Traffic) Traffic {
	return func(seed int64, length time.Duration) []Request {
		r := source(seed, "cached")
		all := t(seed, length)
		for i := range all {
			if r.IntN(2) == 0 {
				all[i].Cached = all[i].Input * 3 / 4
			}
		}
		return all
	}
}

// batch marks requests as such.
func batch(t Traffic) Traffic {
	return func(seed int64, length time.Duration) []Request {
		all := t(seed, length)
		for i := range all {
			all[i].Batch = true
		}
		return all
	}
}

// both mixes two kinds of traffic.
func both(a, b Traffic) Traffic {
	return func(seed int64, length time.Duration) []Request {
		return numbered(append(a(seed, length), b(seed, length)...))
	}
}

func numbered(all []Request) []Request {
	slices.SortStableFunc(all, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	for i := range all {
		all[i].ID = i
	}
	return all
}

// spikes is the rhythm of a storm.
type spikes struct {
	every, offset, lasting time.Duration
	inFlight, idle, spread float64
}

var ordinarySpikes = spikes{spikeEvery, spikeOffset, spikeLength, inFlight, idleFlight, heightSpread}

// poisson returns the moments at which the storm's requests arrive, or their
// groups of so many.
func (p spikes) poisson(r *rand.Rand, s shapes, length time.Duration, group int) []time.Duration {
	_, mean := s.paced()
	average := p.inFlight / mean // requests a second
	most := 2 * average
	height := make([]float64, max(0, length)/p.every+1) // of each spike, 1 on average
	for i := range height {
		height[i] = max(0, 1+p.spread*r.NormFloat64())
	}
	var all []time.Duration
	for at := gap(r, most/float64(group)); at < length; at += gap(r, most/float64(group)) {
		rate := average * p.idle / p.inFlight
		if p.holds(at) {
			rate = average * height[at/p.every]
		}
		if r.Float64() < rate/most { // a Poisson process thinned out is one
			all = append(all, at)
		}
	}
	return all
}

func gap(r *rand.Rand, perSecond float64) time.Duration {
	return time.Duration(r.ExpFloat64() / perSecond * float64(time.Second))
}

func (p spikes) holds(at time.Duration) bool {
	in := at % p.every
	return in >= p.offset && in < p.offset+p.lasting
}

func inSpike(at time.Duration) bool { return ordinarySpikes.holds(at) }
