package picture

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
)

// Data is what a run has sent.
type Data struct {
	// From and To bound what is drawn, Step is the width of a point.
	From, To time.Time
	Step     time.Duration

	data  []emftest.Datum
	lines []map[string]any
}

// Read takes in the lines of a run, which ended at now. The range that is drawn
// is that of the lines with metrics, in points of a width.
func Read(lines []byte, now time.Time, step time.Duration) (*Data, error) {
	d := &Data{Step: step}
	for i, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
		doc, err := emftest.Parse(line, now)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		d.data = append(d.data, doc.Data...)
		d.lines = append(d.lines, doc.Members)
	}
	if len(d.data) == 0 {
		return nil, fmt.Errorf("the lines hold no metrics")
	}
	byTime := func(a, b emftest.Datum) int { return a.At.Compare(b.At) }
	d.From = slices.MinFunc(d.data, byTime).At.Truncate(step)
	d.To = slices.MaxFunc(d.data, byTime).At.Truncate(step).Add(step)
	return d, nil
}

// line is one line of a graph; a value is NaN where there was nothing.
type line struct {
	label  string
	values []float64
}

func (l line) empty() bool {
	return !slices.ContainsFunc(l.values, func(v float64) bool { return !math.IsNaN(v) })
}

// resolve draws a series in points of step: of the whole range, for a number.
func (d *Data) resolve(s dashboard.Series, step time.Duration) []line {
	switch s := s.(type) {
	case dashboard.Metric:
		return []line{{s.Label, d.values(s, nil, step)}}
	case dashboard.Search:
		return d.search(s, step)
	case dashboard.Formula:
		return []line{{s.Label, d.formula(s, step)}}
	}
	return nil
}

// search finds one line for each combination of dimension values.
func (d *Data) search(s dashboard.Search, step time.Duration) (out []line) {
	found := map[string]map[string]string{}
	for _, datum := range d.data {
		if datum.Name != s.Name || len(datum.Dimensions) != len(s.Dimensions) {
			continue
		}
		var label []string
		for _, name := range s.Dimensions {
			label = append(label, datum.Dimensions[name])
		}
		found[strings.Join(label, " ")] = datum.Dimensions
	}
	m := dashboard.Metric{Namespace: dashboard.Own, Name: s.Name, Stat: s.Stat}
	for label, dimensions := range found {
		out = append(out, line{label, d.values(m, dimensions, step)})
	}
	slices.SortFunc(out, func(a, b line) int { return strings.Compare(a.label, b.label) })
	return out
}

func (d *Data) formula(f dashboard.Formula, step time.Duration) []float64 {
	above := d.sum(f.Of, step)
	if f.In == nil {
		return above
	}
	below := d.sum(f.In, step)
	for i := range above {
		if below[i] == 0 || math.IsNaN(below[i]) {
			above[i] = math.NaN()
		} else if above[i] = zero(above[i]) / below[i]; below[i] < 0 {
			above[i] = math.NaN()
		}
	}
	return above
}

// sum adds terms; where none has a value there is none.
func (d *Data) sum(terms []dashboard.Term, step time.Duration) []float64 {
	out := slices.Repeat([]float64{math.NaN()}, d.points(step))
	for _, t := range terms {
		factor, err := strconv.ParseFloat(t.Factor, 64)
		for i, v := range d.values(t.Metric, nil, step) {
			if err == nil && !math.IsNaN(v) {
				out[i] = zero(out[i]) + factor*v
			}
		}
	}
	return out
}

func zero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func (d *Data) points(step time.Duration) int { return max(1, int(d.To.Sub(d.From)/step)) }

// values sums a metric up. Counts of zero are not sent, so a sum has a zero
// wherever the metric was silent, if it ever was not.
func (d *Data) values(m dashboard.Metric, dimensions map[string]string, step time.Duration) []float64 {
	bins := make([][]float64, d.points(step))
	found := false
	for _, datum := range d.data {
		if m.Namespace != dashboard.Own || datum.Name != m.Name || !same(datum.Dimensions, dimensions) {
			continue
		}
		i := min(len(bins)-1, int(datum.At.Sub(d.From)/step))
		bins[i] = append(bins[i], datum.Values...)
		found = true
	}
	out := make([]float64, len(bins))
	for i, bin := range bins {
		out[i] = stat(m.Stat, bin)
		if m.Stat == "Sum" && found {
			out[i] = zero(out[i])
		}
	}
	return out
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// stat is one of CloudWatch's statistics; NaN of nothing.
func stat(name string, values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch name {
	case "Sum":
		return sum
	case "Average":
		return sum / float64(len(values))
	case "Maximum":
		return slices.Max(values)
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if err != nil {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(percent/100*float64(len(sorted)-1)+0.5)]
}
