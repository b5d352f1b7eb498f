package plan

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/storm/chart"
)

// Text writes the answer for a terminal: in words, then as a Markdown table.
func Text(w io.Writer, r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.describe())
	for _, sentence := range r.Sentences() {
		fmt.Fprintf(&b, "%s\n", sentence)
	}
	fmt.Fprintf(&b, "\n| groups | client 429 %% | upstream 429 for 1,000 | wait p50 / p95 / p99 s | with caching: 429 %%, wait p95 s | left to a fallback %% |\n|---|---|---|---|---|---|\n")
	for _, cells := range r.table() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) table() [][]string {
	var all [][]string
	for _, row := range r.Rows {
		p, c, f := row.Plain, row.Caching, row.Fallback
		all = append(all, []string{
			fmt.Sprint(p.Groups), brief(p.Limited), brief(p.Upstream),
			brief(p.WaitP50) + " / " + brief(p.WaitP95) + " / " + brief(p.WaitP99),
			brief(c.Limited) + ", " + brief(c.WaitP95), brief(f.Limited),
		})
	}
	return all
}

func (r *Result) describe() string {
	text := fmt.Sprintf("%d requests from %s to %s (%s)", r.Requests,
		r.From.Format("2006-01-02 15:04:05"), r.To.Format("2006-01-02 15:04:05 MST"), r.To.Sub(r.From).Round(time.Second))
	peak := r.peak()
	text += fmt.Sprintf("; in the busiest minute %d requests, %s input and %s output tokens", peak.Requests,
		chart.Number(float64(peak.Input)), chart.Number(float64(peak.Output)))
	if r.Refused > 0 {
		text += fmt.Sprintf("; %d had been refused and are taken for middling ones", r.Refused)
	}
	if r.Bad > 0 {
		text += fmt.Sprintf("; bad lines left out: %d", r.Bad)
	}
	return text + "."
}

// peak has the most of each, of any minute.
func (r *Result) peak() (peak Minute) {
	for _, m := range r.Demand {
		peak.Requests, peak.Input, peak.Output = max(peak.Requests, m.Requests), max(peak.Input, m.Input), max(peak.Output, m.Output)
	}
	return peak
}

// Sentences say what to do.
func (r *Result) Sentences() []string {
	limits := fmt.Sprintf("Of groups with %s a minute", r.limits())
	tried := len(r.Rows)
	all := []string{fmt.Sprintf("%s, not even %d are enough.", limits, tried)}
	if r.Enough > 0 {
		o := r.Rows[r.Enough-1].Plain
		all = []string{fmt.Sprintf("%s, %d %s enough: %s %% of the requests refused, %s.",
			limits, r.Enough, are(r.Enough), brief(o.Limited), waits(o.WaitP95))}
	}
	if r.Enough > 1 {
		o := r.Rows[r.Enough-2].Plain
		all = append(all, fmt.Sprintf("With one less, %s %% would be refused, %s.", brief(o.Limited), waits(o.WaitP95)))
	}
	all = append(all, r.other(r.WithCaching, fmt.Sprintf("Were %s of the input read from the provider's cache", chart.Percent(r.Cached)), "would be enough"))
	fallback := fmt.Sprintf("With a fallback for those who would wait longer than %s", chart.Seconds(r.FallbackAfter))
	if k := r.WithFallback; k > 0 {
		o := r.Rows[k-1].Fallback
		return append(all, fmt.Sprintf("%s, %d would do: it would take %s %% of the requests, %s tokens in all.",
			fallback, k, brief(o.Limited), chart.Number(float64(o.LimitedTokens))))
	}
	return append(all, r.other(0, fallback, ""))
}

func (r *Result) other(k int, what, enough string) string {
	if k == 0 {
		return fmt.Sprintf("%s, %d would not be enough either.", what, len(r.Rows))
	}
	return fmt.Sprintf("%s, %d %s.", what, k, enough)
}

func waits(p95 float64) string {
	if p95 == 0 {
		return "at least 95 % wait for nothing"
	}
	return "95 % wait at most " + chart.Seconds(p95)
}

func are(k int) string {
	if k == 1 {
		return "is"
	}
	return "are"
}

func (r *Result) limits() string {
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{{r.Limits.Requests, "requests"}, {r.Limits.InputTokens, "input tokens"}, {r.Limits.OutputTokens, "output tokens"}} {
		if x.n > 0 {
			parts = append(parts, chart.Number(float64(x.n))+" "+x.what)
		}
	}
	return strings.Join(parts, ", ")
}

// brief has three digits that matter.
func brief(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 0.0005:
		return "<0.001"
	case x < 0.9995:
		return fmt.Sprintf("%.3f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}
