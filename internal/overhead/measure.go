package overhead

import (
	"context"
	"time"
)

// stand is a contestant that serves.
type stand struct {
	target Target
	direct Target
	// group is what its processor time and memory are of; 0 when it has no processes.
	group group
}

// warmth is how long a contestant is used before each measurement.
const warmth = 300 * time.Millisecond

// settling is how long it is then left alone: proxies notice only after a while
// that clients have gone.
const settling = 100 * time.Millisecond

// measure makes one round of one cell. problem is the first failure of a request.
func (s stand) measure(ctx context.Context, c Cell, seed uint64) (sample Sample, problem error, err error) {
	connections := max(c.Connections, 4)
	closed(ctx, s.target, c.Workload.warm(), connections, warmth)
	time.Sleep(settling)
	watch := s.watch()
	before, err := s.group.used()
	if err != nil {
		return Sample{}, nil, err
	}
	if c.Rate > 0 {
		sample, problem = opened(open(ctx, s.target, s.direct, c.Workload, c.Rate, c.Length, seed))
	} else {
		sample, problem = s.busy(ctx, c)
	}
	after, err := s.group.used()
	if sample.Items > 0 {
		sample.Processor = micros(after.cpu-before.cpu) / sample.Items
	}
	sample.Memory = max(watch(), megabytes(after.rss))
	return sample, problem, err
}

// warm is the workload without the pace, which would last longer than the warmth.
func (w Workload) warm() Workload {
	w.Pace = 0
	return w
}

// busy is a round of a closed loop.
func (s stand) busy(ctx context.Context, c Cell) (Sample, error) {
	n := closed(ctx, s.target, c.Workload, c.Connections, c.Length)
	return Sample{
		Items: float64(n.all.Load()), Failed: float64(n.failed.Load()),
		PerSecond: float64(n.within.Load()) / c.Length.Seconds(),
		P50:       micros(quantile(n.took, 0.5)), P99: micros(quantile(n.took, 0.99)),
	}, n.problem
}

// opened are the figures of an open loop.
func opened(pairs []pair) (Sample, error) {
	var first, last, directFirst, directLast, differences []float64
	var problem error
	s := Sample{}
	for _, p := range pairs {
		if p.through.err != nil || p.direct.err != nil {
			s.Failed++
			if problem == nil && p.through.err != nil {
				problem = p.through.err
			}
			continue
		}
		first, last = append(first, micros(p.through.first)), append(last, micros(p.through.last))
		directFirst, directLast = append(directFirst, micros(p.direct.first)), append(directLast, micros(p.direct.last))
		differences = append(differences, micros(p.through.last-p.direct.last))
	}
	s.Items = float64(len(last))
	s.P50, s.P99 = quantile(last, 0.5), quantile(last, 0.99)
	s.FirstP50, s.FirstP99 = quantile(first, 0.5), quantile(first, 0.99)
	s.AddedP50, s.AddedP99 = s.P50-quantile(directLast, 0.5), s.P99-quantile(directLast, 0.99)
	s.AddedFirstP50, s.AddedFirstP99 = s.FirstP50-quantile(directFirst, 0.5), s.FirstP99-quantile(directFirst, 0.99)
	s.Paired = median(differences)
	return s, problem
}

// used is use, of nothing for what has no processes.
func (g group) used() (use, error) {
	if g == 0 {
		return use{}, nil
	}
	return g.use()
}

// watch looks at the memory now and then until it is asked for the most.
func (s stand) watch() (most func() float64) {
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		var peak int64
		for {
			select {
			case <-tick.C:
				now, _ := s.group.used() // the caller asks too, and takes the error
				peak = max(peak, now.rss)
			case <-stop:
				done <- megabytes(peak)
				return
			}
		}
	}()
	return func() float64 {
		close(stop)
		return <-done
	}
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
