package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// registrar makes families as the catalogue describes them. One that is not in
// it, or is of another kind, is a mistake of ours that panics when the program
// starts and in every test.
type registrar struct {
	registry *prometheus.Registry
	families map[string]telemetry.Metric
}

func families() map[string]telemetry.Metric {
	found := map[string]telemetry.Metric{}
	for _, m := range telemetry.Catalogue() {
		if m.Prometheus.Name != "" {
			found[m.Prometheus.Name] = m
		}
	}
	return found
}

func (r registrar) find(name, kind string) telemetry.Metric {
	m, ok := r.families[name]
	if !ok || m.Prometheus.Kind != kind {
		panic("the catalogue has no " + kind + " " + name)
	}
	return m
}

func (r registrar) counter(name string) *prometheus.CounterVec {
	m := r.find(name, telemetry.Counter)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: m.Meaning}, m.Prometheus.Labels)
	r.registry.MustRegister(c)
	return c
}

func (r registrar) counterFunc(name string, value func() float64) {
	m := r.find(name, telemetry.Counter)
	r.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: m.Meaning}, value))
}

func (r registrar) gaugeFunc(name string, value func() float64) {
	m := r.find(name, telemetry.Gauge)
	r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: m.Meaning}, value))
}

func (r registrar) gauge(name string) *prometheus.GaugeVec {
	m := r.find(name, telemetry.Gauge)
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: m.Meaning}, m.Prometheus.Labels)
	r.registry.MustRegister(g)
	return g
}

// desc describes a gauge that somebody else collects.
func (r registrar) desc(name string) *prometheus.Desc {
	m := r.find(name, telemetry.Gauge)
	return prometheus.NewDesc(name, m.Meaning, m.Prometheus.Labels, nil)
}

func (r registrar) histogram(name string, buckets []float64) *prometheus.HistogramVec {
	m := r.find(name, telemetry.Histogram)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: m.Meaning, Buckets: buckets}, m.Prometheus.Labels)
	r.registry.MustRegister(h)
	return h
}

// The buckets. Those of the semantic conventions for durations double from 10 ms
// to 82 s; two more carry them to the longest answer that a Lambda function can
// give. The conventions' own for the time to the first token end at 10 s, which
// is where thinking models begin, so those of durations stand there too.
var (
	durations = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 900}
	// waits have one for none at all, and end at the longest wait budget that
	// makes sense.
	waits = []float64{0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60}
	// overheads begin where a request that finds all at hand stands.
	overheads = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1}
	// tokens are the conventions' own.
	tokens = prometheus.ExponentialBuckets(1, 4, 14)
)
