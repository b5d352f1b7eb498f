package chart

import (
	"embed"
	"fmt"
	"html/template"
	"strings"
)

// The drawing, in units.
const (
	width  = 440.0
	height = 230.0
	left   = 54.0
	right  = 16.0
	top    = 10.0
	bottom = 34.0
)

//go:embed *.svg.tmpl
var sources embed.FS

var drawings = template.Must(template.New("").Funcs(template.FuncMap{
	"n": func(v float64) string { return trim(fmt.Sprintf("%.1f", v)) },
}).ParseFS(sources, "*.svg.tmpl"))

// draw makes the SVG. The templates are ours and their data are numbers and
// escaped texts, so that it cannot fail.
func draw(name string, data any) template.HTML {
	var b strings.Builder
	if err := drawings.ExecuteTemplate(&b, name, data); err != nil {
		panic(err)
	}
	return template.HTML(b.String())
}

// frame is what all plots with two axes have.
type frame struct {
	About                    string
	Width, Height            float64
	Left, Right, Top, Bottom float64 // of the inner part
	XLabel, YLabel           string
	X, Y                     []tick
}

// Inner is the width between the ends of the X axis.
func (f frame) Inner() float64 { return f.Right - f.Left }

func newFrame(about string, height float64, x, y scale) frame {
	return frame{
		About: about, Width: width, Height: height, Left: left, Right: width - right, Top: top, Bottom: height - bottom,
		XLabel: x.Label, YLabel: y.Label, X: x.ticks(5), Y: y.ticks(4),
	}
}
