package dashboard

import (
	"fmt"
	"strings"
)

// Series is what a graph shows: a Metric, a Search or a Formula.
type Series interface {
	// rows are its entries in a widget's list of metrics; i tells its ids from
	// those of the widget's other series.
	rows(i int) []any
}

var _, _, _ Series = Metric{}, Search{}, Formula{}

// Own is the namespace of Fallow's own metrics: the stack's name, so that two
// stacks of one account keep theirs apart.
const Own = "${AWS::StackName}"

// Metric is one metric, summed up by a statistic.
type Metric struct {
	// Namespace is Own or one of AWS's; Dimensions are pairs of name and value.
	Namespace, Name string
	Dimensions      []string
	// Stat is Sum, Average, Maximum, or a percentile such as p95.
	Stat  string
	Label string
}

func (m Metric) rows(int) []any { return []any{m.row(map[string]any{"label": m.Label})} }

func (m Metric) row(options map[string]any) []any {
	out := []any{m.Namespace, m.Name}
	for _, d := range m.Dimensions {
		out = append(out, d)
	}
	options["stat"] = m.Stat
	return append(out, options)
}

// Search is all metrics of one name, one line for each combination of dimension
// values, so that a new key shows without a new deployment.
type Search struct {
	Name       string
	Dimensions []string
	Stat       string
}

func (s Search) rows(i int) []any {
	expression := fmt.Sprintf(`SEARCH('{"%s",%s} MetricName="%s"', '%s')`, Own, strings.Join(s.Dimensions, ","), s.Name, s.Stat)
	// ${!…} is how a reference that is CloudWatch's own gets through Fn::Sub.
	var label []string
	for _, d := range s.Dimensions {
		label = append(label, "${!PROP('Dim."+d+"')}")
	}
	return []any{[]any{map[string]any{"expression": expression, "id": fmt.Sprintf("s%d", i), "label": strings.Join(label, " ")}}}
}

// Formula is the weighted sum of Of, divided by that of In if there is any.
type Formula struct {
	Label string
	Of    []Term
	In    []Term
}

// Term is a metric times a factor, which is a number or an expression of the
// template's parameters such as "${MemorySize} / 1024".
type Term struct {
	Factor string
	Metric Metric
}

func (f Formula) rows(i int) []any {
	var out []any
	sum := func(side string, terms []Term) string {
		var parts []string
		for n, t := range terms {
			id := fmt.Sprintf("%s%d_%d", side, i, n)
			out = append(out, t.Metric.row(map[string]any{"id": id, "visible": false}))
			parts = append(parts, fmt.Sprintf("%s * FILL(%s, 0)", t.Factor, id))
		}
		return strings.Join(parts, " + ")
	}
	expression := sum("a", f.Of)
	if f.In != nil {
		expression = fmt.Sprintf("(%s) / (%s)", expression, sum("b", f.In))
	}
	return append(out, []any{map[string]any{"expression": expression, "id": fmt.Sprintf("e%d", i), "label": f.Label}})
}

// own is a metric of Fallow's.
func own(name, stat, label string) Metric {
	return Metric{Namespace: Own, Name: name, Stat: stat, Label: label}
}

// sums are counters of Fallow's, each with its label.
func sums(pairs ...string) (out []Series) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, own(pairs[i], "Sum", pairs[i+1]))
	}
	return out
}

// percentiles are those of one of Fallow's metrics.
func percentiles(name, label string, stats ...string) (out []Series) {
	for _, s := range stats {
		out = append(out, own(name, s, strings.TrimSpace(label+" "+s)))
	}
	return out
}

// times are terms that all have the same factor.
func times(factor string, names ...string) (out []Term) {
	for _, n := range names {
		out = append(out, Term{factor, own(n, "Sum", "")})
	}
	return out
}

// percent is the share that some counters have in others.
func percent(label, of string, in ...string) Formula {
	return Formula{Label: label, Of: times("100", of), In: times("1", in...)}
}
