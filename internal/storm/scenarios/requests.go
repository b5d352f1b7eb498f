package scenarios

import (
	"time"

	"github.com/fallow-dev/fallow/internal/simulation"
)

// Requests are those of the scenario, in the order of their arrival, at the
// scenario's own time. Equal seeds give equal requests. The traffic is made by
// package simulation, so that both mean the same by a storm.
func (s *Scenario) Requests(seed int64) []simulation.Request {
	var all simulation.Traffic
	for i := range s.Traffic {
		t := s.Traffic[i].make(seed + int64(i)*1000)
		if all == nil {
			all = t
		} else {
			all = simulation.Both(all, t)
		}
	}
	return all(seed, s.Length)
}

// FirstToken is how long the first token of an answer takes that takes so long
// as a whole.
func (s *Scenario) FirstToken(whole time.Duration) time.Duration {
	return min(s.Traffic[0].Latency.First, whole)
}

// make gives each entry a seed of its own, whatever it is called with: two
// entries of one kind must not come in step.
func (t *Traffic) make(seed int64) simulation.Traffic {
	made := t.traffic(seed)
	if t.Batch {
		made = simulation.Batch(made)
	}
	return func(_ int64, length time.Duration) []simulation.Request { return made(seed, length) }
}

func (t *Traffic) traffic(seed int64) simulation.Traffic {
	shape := t.shape()
	switch {
	case t.Spikes != nil:
		x := t.Spikes
		return simulation.Storm(shape, simulation.Rhythm{
			Every: x.Every, First: x.First, Lasting: x.Lasting, InFlight: x.InFlight, Idle: x.Idle, Spread: x.Spread,
		}, simulation.Threads(t.Threads))
	case t.Steady != nil:
		return simulation.Steady(shape, t.Steady.PerSecond)
	}
	b := t.Burst
	all := simulation.Burst(shape, b.Count, b.At, b.Within)
	for i := range max(1, b.Times) - 1 {
		again := simulation.Burst(shape, b.Count, b.At+time.Duration(i+1)*b.Every, b.Within)
		all = simulation.Both(all, func(_ int64, length time.Duration) []simulation.Request {
			return again(seed+int64(i)+1, length)
		})
	}
	return all
}

func (t *Traffic) shape() simulation.Shape {
	return simulation.Shape{
		InputMean: t.Input.Mean, InputSigma: t.Input.Sigma, InputMost: t.Input.Most, OutputMean: t.Output.Mean,
		LatencyP50: t.Latency.P50, LatencyP95: t.Latency.P95, LatencyMost: t.Latency.Most,
	}
}
