package prom

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// standing shows how the pools stood after the last run of the rebalancer. It
// collects from that one event instead of setting gauges: groups come and go as
// keys turn out to share a quota, and a scrape must not fall between two runs.
type standing struct {
	runs                      *prometheus.CounterVec
	lastRun, quarantined      *prometheus.Desc
	headroom, resting, weight *prometheus.Desc
	last                      atomic.Pointer[run]
}

type run struct {
	telemetry.Rebalance
	at time.Time
}

var _ prometheus.Collector = (*standing)(nil)

func newStanding(r registrar) *standing {
	s := &standing{
		runs:        r.counter("fallow_rebalance_runs_total"),
		lastRun:     r.desc("fallow_rebalance_last_run_timestamp_seconds"),
		quarantined: r.desc("fallow_quarantined"),
		headroom:    r.desc("fallow_group_headroom_ratio"),
		resting:     r.desc("fallow_group_resting"),
		weight:      r.desc("fallow_key_weight_ratio"),
	}
	r.registry.MustRegister(s)
	return s
}

func (s *standing) observe(r telemetry.Rebalance, now time.Time) {
	result := "ok"
	if r.Failure != "" {
		result = "failed"
	}
	s.runs.WithLabelValues(result).Inc()
	s.last.Store(&run{r, now})
}

// Describe implements prometheus.Collector.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.lastRun, s.quarantined, s.headroom, s.resting, s.weight} {
		out <- d
	}
}

// Collect implements prometheus.Collector. Before the first run there is nothing
// to tell.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	last := s.last.Load()
	if last == nil {
		return
	}
	tell := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	tell(s.lastRun, float64(last.at.UnixMilli())/1e3)
	tell(s.quarantined, float64(last.Quarantined()))
	for _, g := range last.Groups {
		if g.HeadroomKnown {
			tell(s.headroom, g.Headroom, g.Pool, g.Name)
		}
		tell(s.resting, oneIf(g.Resting), g.Pool, g.Name)
	}
	for _, k := range last.Keys {
		tell(s.weight, k.Weight, k.Pool, k.Name)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
