package telemetry

import "slices"

// Metric is one entry of the catalogue: what it tells, and how each of the two
// places that take metrics knows it. Either may be missing.
type Metric struct {
	// Event is what it is made of: "request", "attempt", "booking", "cooldown",
	// "rebalance", "store" or "process".
	Event      string
	Meaning    string
	CloudWatch CloudWatch
	Prometheus Prometheus
}

// CloudWatch is a custom metric, of the namespace that package emf is given.
type CloudWatch struct {
	// Name is empty for a metric that is not sent there.
	Name string
	// Unit is one of CloudWatch's.
	Unit string
	// Dimensions are all that each value has; none for a total. There is one
	// set for each metric, because every other set is paid for again.
	Dimensions []string
}

// Prometheus is a family of GET /metrics.
type Prometheus struct {
	// Name is empty for a metric that is not shown there.
	Name string
	// Kind is "counter", "gauge" or "histogram".
	Kind   string
	Labels []string
	// Convention is the name in OpenTelemetry's semantic conventions for
	// generative AI, where they have one.
	Convention string
}

// The kinds of Prometheus families.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
)

// The units of CloudWatch that are used.
const (
	Count        = "Count"
	Milliseconds = "Milliseconds"
	Percent      = "Percent"
	NoUnit       = "None"
)

// Catalogue lists every metric, in the order of the docs. It is made anew each
// time: a variable would cost every cold start what only docs and tests need.
func Catalogue() []Metric {
	return slices.Concat(requestMetrics(), upstreamMetrics(), poolMetrics(), processMetrics())
}

func total(name, unit string) CloudWatch { return CloudWatch{Name: name, Unit: unit} }

func by(name, unit string, dimensions ...string) CloudWatch {
	return CloudWatch{Name: name, Unit: unit, Dimensions: dimensions}
}

func counter(name string, labels ...string) Prometheus {
	return Prometheus{Name: name, Kind: Counter, Labels: labels}
}

func gauge(name string, labels ...string) Prometheus {
	return Prometheus{Name: name, Kind: Gauge, Labels: labels}
}

func histogram(name string, labels ...string) Prometheus {
	return Prometheus{Name: name, Kind: Histogram, Labels: labels}
}

// genAI is a histogram of the semantic conventions.
func genAI(convention, name string, labels ...string) Prometheus {
	return Prometheus{Name: name, Kind: Histogram, Convention: convention,
		Labels: append([]string{"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}, labels...)}
}
