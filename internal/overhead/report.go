package overhead

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// unknown stands where nothing was measured.
const unknown = "-"

// WriteJSON writes the result with each round, indented.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// WriteText writes the result as Markdown tables, with what must be known to
// read them.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d processors, %s, %s; load average %s before and %s after; medians of %d rounds\n",
		r.Began.Format("2006-01-02 15:04 MST"), r.Machine.Processors, r.Machine.System, r.Machine.Go, r.LoadBefore, r.LoadAfter, r.Rounds)
	if r.Command != "" {
		fmt.Fprintf(&b, "`%s`\n", r.Command)
	}
	r.contestants(&b)
	r.table(&b, "Added latency, open loop, us: p50 / p99 to the end of the answer (paired p50); of streams to the first content, then to the end. The column \"direct\" has the latency itself.", latencyText, isOpen)
	r.table(&b, "Throughput, closed loop: answers a second, of streams events", throughputText, isClosed)
	r.table(&b, "Processor time, closed loop: us for each answer, of streams for each event", processorText, isClosed)
	r.goals(&b)
	r.problems(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) contestants(b *strings.Builder) {
	b.WriteString("\n| | version | start to first answer, ms | memory idle, MB | with 64 streams, MB | 90 KB, 64 connections, MB |\n|---|---|---|---|---|---|\n")
	for i := range r.Reports {
		c := &r.Reports[i]
		if c.Name == Reference {
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", c.Name, c.Version, orUnknown(median(c.Starts)), orUnknown(c.Idle),
			memory(c, streamsCell), memory(c, Cell{Workload: large, Connections: 64}))
	}
}

// orUnknown is for what is never zero once it is measured.
func orUnknown(f float64) string {
	if f == 0 {
		return unknown
	}
	return figure(f)
}

func memory(c *Report, cell Cell) string {
	s, ok := c.Of(cell.Name())
	if !ok {
		return unknown
	}
	return figure(s.Memory)
}

func isOpen(c Cell) bool   { return c.Rate > 0 }
func isClosed(c Cell) bool { return c.Rate == 0 }

// table has a row for each cell that anybody has a figure of that kind for.
func (r *Result) table(b *strings.Builder, title string, text func(name string, s Sample) string, kind func(Cell) bool) {
	head := "| |"
	for _, c := range r.Reports {
		head += " " + c.Name + " |"
	}
	rows := ""
	for _, cell := range r.Cells {
		if !kind(cell) {
			continue
		}
		row := "| " + cell.Name() + " |"
		for i := range r.Reports {
			shown := unknown
			if s, ok := r.Reports[i].Of(cell.Name()); ok {
				shown = text(r.Reports[i].Name, s) + failures(s)
			}
			row += " " + shown + " |"
		}
		rows += row + "\n"
	}
	if rows != "" {
		fmt.Fprintf(b, "\n%s\n\n%s\n|%s\n%s", title, head, strings.Repeat("---|", len(r.Reports)+1), rows)
	}
}

func failures(s Sample) string {
	if s.Failed == 0 {
		return ""
	}
	return fmt.Sprintf(", %s failed", figure(s.Failed))
}

func latencyText(name string, s Sample) string {
	streamed := s.FirstP50 < 0.8*s.P50 // only a paced stream's first content is far from its end
	switch {
	case name == Reference && streamed:
		return fmt.Sprintf("%s / %s, %s / %s", figure(s.FirstP50), figure(s.FirstP99), figure(s.P50), figure(s.P99))
	case name == Reference:
		return fmt.Sprintf("%s / %s", figure(s.P50), figure(s.P99))
	case streamed:
		return fmt.Sprintf("%s / %s, %s / %s (%s)", figure(s.AddedFirstP50), figure(s.AddedFirstP99), figure(s.AddedP50), figure(s.AddedP99), figure(s.Paired))
	default:
		return fmt.Sprintf("%s / %s (%s)", figure(s.AddedP50), figure(s.AddedP99), figure(s.Paired))
	}
}

func throughputText(_ string, s Sample) string { return figure(s.PerSecond) }

func processorText(name string, s Sample) string {
	if name == Reference {
		return unknown
	}
	return figure(s.Processor)
}

func (r *Result) goals(b *strings.Builder) {
	goals := r.Goals()
	if len(goals) == 0 {
		return
	}
	b.WriteString("\n| goal | wanted | measured | |\n|---|---|---|---|\n")
	for _, g := range goals {
		measured := unknown
		if g.Known {
			measured = figure(g.Value) + g.Unit
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", g.What, g.bound(), measured, g.verdict())
	}
}

func (r *Result) problems(b *strings.Builder) {
	for _, c := range r.Reports {
		if c.Problem != "" {
			fmt.Fprintf(b, "\n%s: %s\n", c.Name, c.Problem)
		}
	}
}

// figure shows three digits of a number, and no more than are before the point.
func figure(f float64) string {
	switch size := math.Abs(f); {
	case size == 0:
		return "0"
	case size >= 100:
		return fmt.Sprintf("%.0f", f)
	case size >= 10:
		return fmt.Sprintf("%.1f", f)
	default:
		return fmt.Sprintf("%.2f", f)
	}
}
