package chart

import "html/template"

// Bars compares one figure of several things.
type Bars struct {
	About  string
	Format func(float64) string
	Rows   []Row
}

// Row is one bar.
type Row struct {
	Name   string
	Colour int
	Value  float64
}

const (
	barHeight = 20.0
	barStep   = 30.0
	barLeft   = 84.0
	barRight  = 74.0
)

type barData struct {
	About                      string
	Width, Height, Left, Thick float64
	Rows                       []drawnBar
}

type drawnBar struct {
	Name, Text          string
	Colour              int
	Y, Middle, W, Text0 float64
}

// SVG draws the bars.
func (b Bars) SVG() template.HTML {
	most := 0.0
	for _, r := range b.Rows {
		most = max(most, r.Value)
	}
	x := newScale(Axis{Max: most, Format: b.Format}, barLeft, width-barRight)
	data := barData{About: b.About, Width: width, Height: float64(len(b.Rows))*barStep + 6, Left: barLeft, Thick: barHeight}
	for i, r := range b.Rows {
		y := float64(i)*barStep + 6
		end := x.at(r.Value)
		data.Rows = append(data.Rows, drawnBar{
			Name: r.Name, Text: x.Format(r.Value), Colour: r.Colour % 8,
			Y: y, Middle: y + barHeight/2, W: max(1, end-barLeft), Text0: end + 6,
		})
	}
	return draw("bars.svg.tmpl", data)
}
