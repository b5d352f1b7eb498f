package chart

import (
	"fmt"
	"html/template"
	"strings"
)

// Lines is a plot of lines.
type Lines struct {
	// About says what is seen, for those who cannot see it.
	About  string
	X, Y   Axis
	Series []Series
}

// Series is one line.
type Series struct {
	Name string
	// Colour is that of class c0 to c7.
	Colour int
	Points []Point
	// Dashed tells lines apart that share a colour.
	Dashed bool
}

// Point is a place on a line.
type Point struct{ X, Y float64 }

type lineData struct {
	frame
	Lines []drawnLine
}

type drawnLine struct {
	Name   string
	Colour int
	Dashed bool
	Path   string
	Spots  []spot
}

// spot is a place that tells its figures.
type spot struct {
	X, Y float64
	Text string
}

// SVG draws the lines.
func (l Lines) SVG() template.HTML {
	x := newScale(l.X, left, width-right)
	y := newScale(l.Y, height-bottom, top)
	data := lineData{frame: newFrame(l.About, height, x, y)}
	for _, s := range l.Series {
		d := drawnLine{Name: s.Name, Colour: s.Colour % 8, Dashed: s.Dashed}
		var path strings.Builder
		for i, p := range s.Points {
			px, py := x.at(p.X), y.at(p.Y)
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], px, py)
			d.Spots = append(d.Spots, spot{px, py, fmt.Sprintf("%s: %s, %s", s.Name, x.Format(p.X), y.Format(p.Y))})
		}
		d.Path = path.String()
		data.Lines = append(data.Lines, d)
	}
	return draw("lines.svg.tmpl", data)
}
