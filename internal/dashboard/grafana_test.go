package dashboard_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

var (
	family = regexp.MustCompile(`\b(?:fallow|gen_ai)_\w+`)
	byList = regexp.MustCompile(`by \(([\w, ]+)\)`)
	filter = regexp.MustCompile(`\{([\w]+)=~?"([^"]*)"\}`)
)

func families() map[string]telemetry.Prometheus {
	all := map[string]telemetry.Prometheus{}
	for _, m := range telemetry.Catalogue() {
		if m.Prometheus.Name != "" {
			all[m.Prometheus.Name] = m.Prometheus
		}
	}
	return all
}

// metricOf is the family that a query asks for: there is one in each. Labels of
// the semantic conventions begin as metrics do.
func metricOf(t *testing.T, q dashboard.PromQL) telemetry.Prometheus {
	t.Helper()
	known := families()
	var found []telemetry.Prometheus
	for _, name := range family.FindAllString(byList.ReplaceAllString(q.Expr, ""), -1) {
		m, ok := known[name]
		if !ok {
			m, ok = known[strings.TrimSuffix(name, "_bucket")]
			ok = ok && m.Kind == telemetry.Histogram
		}
		if !ok {
			t.Errorf("%s asks for %s, which nobody publishes", q.Expr, name)
		}
		found = append(found, m)
	}
	if len(found) != 1 {
		t.Fatalf("%s asks for %d metrics, want one", q.Expr, len(found))
	}
	return found[0]
}

func TestGrafanaShowsMetricsThatExist(t *testing.T) {
	t.Parallel()
	for _, p := range dashboard.Grafana() {
		for _, q := range p.Queries {
			m := metricOf(t, q)
			var labels []string
			for _, by := range byList.FindAllStringSubmatch(q.Expr, -1) {
				labels = append(labels, strings.Split(by[1], ", ")...)
			}
			for _, f := range filter.FindAllStringSubmatch(q.Expr, -1) {
				labels = append(labels, f[1])
			}
			for _, l := range labels {
				if l != "le" && !slices.Contains(m.Labels, l) {
					t.Errorf("%s: %s has no label %s, but %v", q.Expr, m.Name, l, m.Labels)
				}
			}
			if rated := strings.Contains(q.Expr, "rate("); rated == (m.Kind == telemetry.Gauge) {
				t.Errorf("%s: a rate of a %s", q.Expr, m.Kind)
			}
		}
	}
}

// TestFiltersNameValuesThatExist: a filter for a value that no series has shows
// nothing for ever.
func TestFiltersNameValuesThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, o := range telemetry.Outcomes() {
		known["outcome "+string(o)] = true
	}
	for _, c := range []string{"rate_limit", "ramp", "concurrency", "fast_limit"} {
		known["class "+c] = true
	}
	for _, p := range dashboard.Grafana() {
		for _, q := range p.Queries {
			for _, f := range filter.FindAllStringSubmatch(q.Expr, -1) {
				for _, value := range strings.Split(f[2], "|") {
					if !known[f[1]+" "+value] {
						t.Errorf("%s: no series has %s=%q", q.Expr, f[1], value)
					}
				}
			}
		}
	}
}

func TestGrafanaShowsEveryMetric(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, p := range dashboard.Grafana() {
		for _, q := range p.Queries {
			shown[metricOf(t, q).Name] = true
		}
	}
	for name := range families() {
		if !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
}

func TestGrafanaPanelsLieSideBySide(t *testing.T) {
	t.Parallel()
	width := 0
	for _, p := range dashboard.Grafana() {
		if width += p.Width; width > dashboard.Columns {
			t.Fatalf("%q does not fit into its row", p.Title)
		}
		if width == dashboard.Columns {
			width = 0
		}
	}
	if width != 0 {
		t.Errorf("the last row is %d wide", width)
	}
}
