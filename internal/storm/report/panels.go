package report

import (
	"fmt"
	"strings"

	"github.com/fallow-dev/fallow/internal/storm"
	"github.com/fallow-dev/fallow/internal/storm/chart"
)

// scales are what the plots of all contestants have in common.
type scales struct {
	colours             map[string]int
	end, most, arrivals float64
}

func shared(r *storm.Result) scales {
	s := scales{colours: map[string]int{}}
	for i := range r.Contestants {
		c := &r.Contestants[i]
		s.colours[c.Name] = i + 1
		if c.Name == "fallow" {
			s.colours[c.Name] = 0
		}
		s.end = max(s.end, float64(len(c.Bins))*c.Step)
		for _, b := range c.Bins {
			s.most = max(s.most, float64(b.Clients), float64(b.Upstream))
			s.arrivals = max(s.arrivals, float64(b.Arrived))
		}
	}
	return s
}

func (s scales) refusals(c *storm.Report) panel {
	m := chart.Mirror{
		About: "429s over time: " + c.Name, Step: c.Step, Most: s.most, BackMost: s.arrivals, End: s.end,
		UpName: "429s seen by clients", DownName: "429s by the provider",
	}
	for _, b := range c.Bins {
		m.Up = append(m.Up, float64(b.Clients))
		m.Down = append(m.Down, float64(b.Upstream))
		m.Back = append(m.Back, float64(b.Arrived))
	}
	note := fmt.Sprintf("%d seen by clients, %d by the provider", c.Client429s, c.Upstream429s)
	return panel{Name: c.Name, Colour: s.colours[c.Name], Note: note, Plot: m.SVG()}
}

func (s scales) keys(c *storm.Report) panel {
	strips := chart.Strips{About: "use of the keys: " + c.Name, Step: c.Step, End: s.end}
	organisations := map[int]bool{}
	for i, k := range c.Keys {
		organisations[k.Organisation] = true
		name := fmt.Sprintf("key-%d", i+1)
		row := chart.Strip{Name: name, Values: k.Usage, Marks: k.Refused}
		for _, b := range c.Bands {
			if b.Key == name {
				row.Bands = append(row.Bands, band(b))
			}
		}
		strips.Rows = append(strips.Rows, row)
	}
	note := count(len(c.Keys), "key") + ", " + count(len(organisations), "organisation")
	return panel{Name: c.Name, Colour: s.colours[c.Name], Note: note, Plot: strips.SVG()}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func band(b *storm.Band) chart.StripBand {
	kind := "rested"
	if b.Quarantine {
		kind = "in quarantine"
	}
	return chart.StripBand{From: b.From, To: b.To, Text: fmt.Sprintf("%s, %s to %s: %s (%s)",
		b.Key, chart.Minutes(b.From), chart.Minutes(b.To), kind, strings.ReplaceAll(b.Why, "_", " "))}
}
