package chart

import (
	"encoding/xml"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/golden"
)

// drawn compares a drawing with the file, and holds it to be XML.
func drawn(t *testing.T, name string, got template.HTML) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(got)))
	for {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%s is not XML: %v", name, err)
		}
	}
	golden.Check(t, filepath.Join("testdata", name+".svg"), []byte(got))
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	drawn(t, "lines", Lines{
		About: "a & b", X: Axis{Label: "s", Min: 0.01, Max: 100, Log: true, Format: Seconds}, Y: Axis{Max: 1, Format: Percent},
		Series: []Series{{Name: `<"x">`, Points: []Point{{0.01, 0}, {1, 0.5}, {1000, 2}}}, {Name: "none", Colour: 9, Dashed: true}},
	}.SVG())
	drawn(t, "mirror", Mirror{
		About: "counts", Up: []float64{0, 3, 1}, Down: []float64{2, 0, 7}, Back: []float64{1, 4, 2},
		UpName: "up", DownName: "down", Step: 60,
	}.SVG())
	drawn(t, "strips", Strips{About: "keys", Step: 60, Rows: []Strip{
		{Name: "key-1", Values: []float64{0, 0.04, 0.5, 3}, Marks: []int{0, 0, 2, 0}, Bands: []StripBand{{30, 90, "rested"}, {50, 50, "nothing"}}},
		{Name: "key-2"},
	}}.SVG())
	drawn(t, "bars", Bars{About: "cost", Rows: []Row{{Name: "a", Value: 10}, {Name: "b", Colour: 1}}, Format: func(x float64) string { return "$" + Number(x) }}.SVG())
}

// TestNothingToDraw: empty plots are plots.
func TestNothingToDraw(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]template.HTML{
		"lines": Lines{X: Axis{Log: true}}.SVG(), "mirror": Mirror{Step: 1}.SVG(), "strips": Strips{Step: 1}.SVG(), "bars": Bars{}.SVG(),
	} {
		if text := string(got); !strings.HasPrefix(text, "<svg") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestTicks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		axis Axis
		want string
	}{
		{"small", Axis{Max: 7}, "0 2 4 6"},
		{"fractions", Axis{Max: 1}, "0 0.25 0.5 0.75 1"},
		{"large", Axis{Max: 1.8e6}, "0 500k 1M 1.5M"},
		{"decades", Axis{Min: 0.01, Max: 200, Log: true, Format: Seconds}, "10 ms 100 ms 1 s 10 s 100 s"},
		{"few decades", Axis{Min: 1, Max: 40, Log: true, Format: Seconds}, "1 s 3 s 10 s 30 s"},
		{"clock", Axis{Max: 1000, Clock: true, Format: Minutes}, "0:00 5:00 10:00 15:00"},
		{"days", Axis{Max: 1e6, Clock: true, Format: Minutes}, "0:00 1440:00 2880:00 4320:00 5760:00 7200:00 8640:00 10080:00 11520:00 12960:00 14400:00 15840:00"},
		{"whole", Axis{Min: 1, Max: 3, Whole: true}, "1 2 3"},
		{"no width", Axis{Min: 5, Max: 5}, "5 5.25 5.5 5.75 6"},
	}
	for _, tt := range tests {
		var got []string
		for _, tick := range newScale(tt.axis, 0, 100).ticks(4) {
			got = append(got, tick.Text)
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	tests := []struct{ got, want string }{
		{Number(0), "0"}, {Number(0.126), "0.13"}, {Number(12.4), "12"}, {Number(12_345), "12.3k"}, {Number(2e6), "2M"}, {Number(-30_000), "-30k"},
		{Seconds(0), "0"}, {Seconds(0.0305), "30.5 ms"}, {Seconds(11.25), "11.2 s"}, {Seconds(180), "3 min"},
		{Minutes(75), "1:15"}, {Percent(0.0825), "8.2 %"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
