package plan

import (
	"embed"
	"fmt"
	"html/template"
	"io"

	"github.com/fallow-dev/fallow/internal/storm/chart"
)

//go:embed page.html.tmpl
var sources embed.FS

var page = template.Must(template.ParseFS(sources, "page.html.tmpl"))

// HTML writes the answer as one page that loads nothing and runs no script.
func HTML(w io.Writer, r *Result) error { return page.Execute(w, view{r}) }

// view is what the page shows.
type view struct{ *Result }

// Style is what the page looks like.
func (view) Style() template.CSS { return chart.Style }

// Describe says what was in the log.
func (v view) Describe() string { return v.describe() }

// Table has a row for each number of groups.
func (v view) Table() [][]string { return v.table() }

// Input draws what was asked for in each minute, below what so many groups allow.
func (v view) Input() template.HTML {
	return v.demand("input tokens a minute", v.Limits.InputTokens, func(m Minute) int64 { return m.Input })
}

// RequestsPlot draws the same for requests.
func (v view) RequestsPlot() template.HTML {
	return v.demand("requests a minute", v.Limits.Requests, func(m Minute) int64 { return m.Requests })
}

// Output draws the same for output.
func (v view) Output() template.HTML {
	return v.demand("output tokens a minute", v.Limits.OutputTokens, func(m Minute) int64 { return m.Output })
}

func (v view) demand(about string, limit int64, of func(Minute) int64) template.HTML {
	asked := chart.Series{Name: "asked for", Colour: 3}
	most := 0.0
	group := (len(v.Demand) + 399) / 400 // a point for each minute of a week is none
	for i := 0; i < len(v.Demand); i += group {
		highest := int64(0)
		for _, m := range v.Demand[i:min(i+group, len(v.Demand))] {
			highest = max(highest, of(m))
		}
		asked.Points = append(asked.Points, chart.Point{X: float64(60 * i), Y: float64(highest)})
		most = max(most, float64(highest))
	}
	end := float64(60 * max(1, len(v.Demand)-1))
	lines := []chart.Series{asked}
	for i, k := range []int{v.Enough, v.Enough - 1} {
		if k > 0 && limit > 0 {
			y := float64(int64(k) * limit)
			lines = append(lines, chart.Series{
				Name: groups(k), Colour: i, Dashed: true, Points: []chart.Point{{X: 0, Y: y}, {X: end, Y: y}},
			})
			most = max(most, y)
		}
	}
	return chart.Lines{
		About: about, Series: lines,
		X: chart.Axis{Max: end, Clock: true, Format: hours},
		Y: chart.Axis{Max: most * 1.08},
	}.SVG()
}

func hours(seconds float64) string {
	return fmt.Sprintf("%d:%02d h", int(seconds)/3600, int(seconds)/60%60)
}

// RefusedPlot draws the refusals by the number of groups.
func (v view) RefusedPlot() template.HTML {
	return v.byGroups("refused requests", chart.Axis{Max: 100, Format: func(x float64) string { return chart.Percent(x / 100) }},
		func(o Outcome) float64 { return o.Limited })
}

// WaitsPlot draws the waits by the number of groups.
func (v view) WaitsPlot() template.HTML {
	return v.byGroups("wait of 95 % of the requests", chart.Axis{Max: v.Wait, Format: chart.Seconds},
		func(o Outcome) float64 { return o.WaitP95 })
}

func (v view) byGroups(about string, y chart.Axis, of func(Outcome) float64) template.HTML {
	plain := chart.Series{Name: "as it is", Colour: 0}
	caching := chart.Series{Name: "with caching", Colour: 3}
	fallback := chart.Series{Name: "with a fallback", Colour: 1}
	for i, row := range v.Rows {
		x := float64(i + 1)
		plain.Points = append(plain.Points, chart.Point{X: x, Y: of(row.Plain)})
		caching.Points = append(caching.Points, chart.Point{X: x, Y: of(row.Caching)})
		fallback.Points = append(fallback.Points, chart.Point{X: x, Y: of(row.Fallback)})
	}
	return chart.Lines{
		About: about + " by the number of groups", Series: []chart.Series{fallback, caching, plain},
		X: chart.Axis{Label: "groups", Min: 1, Max: float64(max(2, len(v.Rows))), Whole: true}, Y: y,
	}.SVG()
}
