package simulation

import (
	"math"
	"time"
)

// Shape says what requests are like, for traffic outside this package. All
// fields are required and > 0, InputSigma apart.
type Shape struct {
	// InputMean is the mean size of a prompt in tokens, InputSigma the standard
	// deviation of its logarithm, and InputMost the largest there is.
	InputMean, InputSigma, InputMost float64
	// OutputMean is the mean size of an answer in tokens.
	OutputMean float64
	// LatencyP50 and LatencyP95 are how long answers take, LatencyMost the
	// longest.
	LatencyP50, LatencyP95, LatencyMost time.Duration
}

func (s Shape) shapes() shapes {
	pace := lognormal{
		median: s.LatencyP50.Seconds(), most: s.LatencyMost.Seconds(),
		sigma: max(0, math.Log(s.LatencyP95.Seconds()/s.LatencyP50.Seconds())/1.645),
	}
	return shapes{
		input: withMean(s.InputMean, s.InputSigma, s.InputMost), bias: 1, spread: 0.1,
		pace: pace, mean: pace.mean(), output: s.OutputMean,
	}
}

// Rhythm is when a storm's spikes come.
type Rhythm struct {
	// Every is the period, First when the spike begins in each, and Lasting how
	// long it takes.
	Every, First, Lasting time.Duration
	// InFlight is how many requests run at once on average during a spike, if
	// none has to wait, and Idle how many between two.
	InFlight, Idle float64
	// Spread is the standard deviation of the spikes' heights, as a share.
	Spread float64
}

func (r Rhythm) spikes() spikes {
	return spikes{r.Every, r.First, r.Lasting, r.InFlight, r.Idle, r.Spread}
}

// Threads are requests that share the beginning of their prompt.
type Threads struct {
	// Calls is how many belong together; 0 and 1 mean that none do.
	Calls int
	// Share is the part of a prompt that they have in common.
	Share float64
	// Within is the time over which the calls of a thread are spread.
	Within time.Duration
}

// Storm is traffic in spikes.
func Storm(s Shape, r Rhythm, t Threads) Traffic {
	if t.Calls > 1 {
		return r.spikes().threads(s.shapes(), t)
	}
	return r.spikes().storm(s.shapes())
}

// Steady is traffic at a constant rate, > 0.
func Steady(s Shape, perSecond float64) Traffic { return steady(s.shapes(), perSecond) }

// Burst is n requests from a moment on, spread evenly over a time.
func Burst(s Shape, n int, from, within time.Duration) Traffic {
	return burst(s.shapes(), n, from, within)
}

// Batch marks the requests of traffic as a batch.
func Batch(t Traffic) Traffic { return batch(t) }

// Both mixes two kinds of traffic.
func Both(a, b Traffic) Traffic { return both(a, b) }
