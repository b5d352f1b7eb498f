// Package report shows the result of a storm: as a table, as JSON, and as one
// HTML page that needs nothing beside it.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/storm"
)

// JSON writes the result, indented. Its form is that of storm.Result.
func JSON(w io.Writer, r *storm.Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// Text writes the result as a Markdown table, with what must be known to read it.
func Text(w io.Writer, r *storm.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n\n", r.Scenario.Name, r.Scenario.About, conditions(r))
	rows := [][]string{header}
	for i := range r.Contestants {
		rows = append(rows, row(&r.Contestants[i]))
	}
	rows = append(rows, row(r.Ideal))
	markdown(&b, rows)
	goals(&b, r)
	for i := range r.Contestants {
		problems(&b, &r.Contestants[i])
	}
	if r.Warning != "" {
		fmt.Fprintf(&b, "\n%s\n", r.Warning)
	}
	if r.Interrupted {
		b.WriteString("\nThe run was ended early; what had not ended by then is not counted.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func conditions(r *storm.Result) string {
	parts := []string{
		fmt.Sprintf("%d requests in %s", r.Requests, r.Scenario.Length),
		fmt.Sprintf("seed %d", r.Seed),
		fmt.Sprintf("time x%g", r.Compress),
		fmt.Sprintf("%d processors, %s, %s", r.Machine.Processors, r.Machine.System, r.Machine.Go),
		r.Began.Format("2006-01-02 15:04 MST"),
	}
	if r.Version != "" {
		parts = append(parts, "fallow "+r.Version)
	}
	if r.Serial {
		parts = append(parts, "one after the other")
	}
	return strings.Join(parts, ", ")
}

// header names the columns of the table; times are seconds of the scenario.
var header = []string{
	"", "answered", "saw a 429", "failed by 429", "abandoned", "other", "latency p50 / p95 / p99 s", "first token p50 / p95 s",
	"wait p50 / p95 / p99 s", "upstream calls", "upstream 429", "wasted", "makespan s", "cost $",
}

func row(c *storm.Report) []string {
	share := func(n int) string {
		return fmt.Sprintf("%d (%s %%)", n, brief(100*float64(n)/float64(max(1, c.Ended))))
	}
	other := c.Outcomes[storm.Overloaded] + c.Outcomes[storm.Failed]
	cost := "?"
	if c.Dollars != nil {
		cost = fmt.Sprintf("%.2f", *c.Dollars)
	}
	return []string{
		c.Name, fmt.Sprintf("%d of %d", c.Outcomes[storm.Answered], c.Ended),
		share(c.Saw429), share(c.Outcomes[storm.Limited]), share(c.Outcomes[storm.Abandoned]), fmt.Sprint(other),
		triple(c.Latency), brief(c.FirstToken.P50) + " / " + brief(c.FirstToken.P95), triple(c.Wait),
		fmt.Sprint(c.UpstreamCalls), fmt.Sprint(c.Upstream429s), fmt.Sprint(c.Wasted), brief(c.Makespan), cost,
	}
}

func triple(q storm.Quantiles) string {
	return brief(q.P50) + " / " + brief(q.P95) + " / " + brief(q.P99)
}

// brief has three digits that matter, of which no more than three stand behind
// the point.
func brief(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 0.9995:
		return fmt.Sprintf("%.3f", x)
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

func problems(b *strings.Builder, c *storm.Report) {
	const shown = 3
	for i, p := range ranked(c.Problems) {
		if i == shown {
			break
		}
		fmt.Fprintf(b, "\n%s: %d x %s", c.Name, p.count, p.text)
	}
	if len(c.Problems) > 0 {
		b.WriteByte('\n')
	}
}

// markdown aligns the columns, so that the table can be read as it stands.
func markdown(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(b, "| %-*s ", widths[i], cell)
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+2))
			}
			b.WriteString("|\n")
		}
	}
}
