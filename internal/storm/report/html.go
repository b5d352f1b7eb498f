package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/fallow-dev/fallow/internal/storm"
	"github.com/fallow-dev/fallow/internal/storm/chart"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

//go:embed page.html.tmpl
var sources embed.FS

var page = template.Must(template.ParseFS(sources, "page.html.tmpl"))

// HTML writes the result as one page that loads nothing and runs no script.
func HTML(w io.Writer, r *storm.Result) error {
	return page.Execute(w, newView(r))
}

// view is what the page shows.
type view struct {
	*storm.Result
	Title, Conditions string
	Cards             []card
	Header            []string
	Rows              [][]string
	Latency, Waits    template.HTML
	Cost, Calls       template.HTML
	Refused, Keys     []panel
	Problems          []trouble
	Goals             []goalRow
	Unjudged          string
}

// card is a contestant in three figures.
type card struct {
	Name, About string
	Colour      int
	Figures     []figure
}

type figure struct {
	Value, Unit, Label string
	Good, Bad          bool
}

// panel is one of several plots of a kind.
type panel struct {
	Name, Note string
	Colour     int
	Plot       template.HTML
}

type trouble struct{ Name, Text string }

func newView(r *storm.Result) view {
	v := view{Result: r, Title: r.Scenario.Name, Conditions: conditions(r), Header: header}
	var latencies, waits []chart.Series
	var cost, calls []chart.Row
	s := shared(r)
	for i := range r.Contestants {
		c := &r.Contestants[i]
		colour := s.colours[c.Name]
		v.Cards, v.Rows = append(v.Cards, newCard(c, colour)), append(v.Rows, row(c))
		latencies = append(latencies, curve(c.Name, colour, c.Latencies, share(c)))
		waits = append(waits, curve(c.Name, colour, c.Waits, float64(c.Accepted)/float64(max(1, c.Ended))))
		if c.Dollars != nil {
			cost = append(cost, chart.Row{Name: c.Name, Colour: colour, Value: *c.Dollars})
		}
		calls = append(calls, chart.Row{Name: c.Name, Colour: colour, Value: wasted(c)})
		v.Refused = append(v.Refused, s.refusals(c))
		if len(c.Keys) > 0 {
			v.Keys = append(v.Keys, s.keys(c))
		}
		for j, p := range ranked(c.Problems) {
			if j < 3 {
				v.Problems = append(v.Problems, trouble{c.Name, fmt.Sprintf("%d × %s", p.count, p.text)})
			}
		}
	}
	v.Rows = append(v.Rows, row(r.Ideal))
	v.Goals = newGoalRows(r)
	if r.Scenario.Goals != (scenarios.Goals{}) {
		v.Unjudged = r.Unjudged()
	}
	v.Latency = cumulative("latency of the answered requests", 0.3, latencies)
	v.Waits = cumulative("wait until the provider accepted", 0.01, waits)
	v.Cost = chart.Bars{About: "what the tokens cost", Rows: cost, Format: func(x float64) string { return fmt.Sprintf("$%.2f", x) }}.SVG()
	v.Calls = chart.Bars{About: "refused upstream calls for 1,000 requests", Rows: calls}.SVG()
	return v
}

// share is the part of the requests that was answered.
func share(c *storm.Report) float64 {
	return float64(c.Outcomes[storm.Answered]) / float64(max(1, c.Ended))
}

// wasted are the upstream 429s for a thousand requests.
func wasted(c *storm.Report) float64 {
	return 1000 * float64(c.Upstream429s) / float64(max(1, c.Ended))
}

func newCard(c *storm.Report, colour int) card {
	lost := c.Ended - c.Outcomes[storm.Answered]
	percent := 100 * float64(lost) / float64(max(1, c.Ended))
	return card{Name: c.Name, About: c.About, Colour: colour, Figures: []figure{
		{Value: brief(percent), Unit: "%", Label: fmt.Sprintf("%d of %d without an answer", lost, c.Ended), Good: lost == 0, Bad: percent >= 1},
		{Value: brief(c.Latency.P95), Unit: "s", Label: "latency p95"},
		{Value: brief(wasted(c)), Label: "upstream 429s for 1,000 requests", Good: c.Upstream429s == 0},
	}}
}

// curve is a distribution by its quantiles, of which the last is at height top.
func curve(name string, colour int, hundredths []float64, top float64) chart.Series {
	s := chart.Series{Name: name, Colour: colour}
	for i, v := range hundredths {
		s.Points = append(s.Points, chart.Point{X: v, Y: top * float64(i) / 100})
	}
	return s
}

func cumulative(about string, least float64, all []chart.Series) template.HTML {
	low, high := 0.0, least*10
	for _, s := range all {
		for _, p := range s.Points {
			high = max(high, p.X)
			if low == 0 || p.X < low {
				low = p.X
			}
		}
	}
	return chart.Lines{
		About: "share of the requests by " + about, Series: all,
		X: chart.Axis{Label: "", Min: max(least, low), Max: high * 1.05, Log: true, Format: chart.Seconds},
		Y: chart.Axis{Max: 1, Format: chart.Percent},
	}.SVG()
}

// Style is what the page looks like.
func (view) Style() template.CSS { return chart.Style }

// Rested reports whether any key was left alone, for the legend.
func (v view) Rested() bool {
	return slices.ContainsFunc(v.Contestants, func(c storm.Report) bool { return len(c.Bands) > 0 })
}
