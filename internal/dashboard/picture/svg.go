package picture

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/dashboard"
)

// Sizes in pixels: of a grid field, of the margin around all, of the gap
// between widgets.
const (
	fieldX, fieldY = 58.0, 33.0
	margin, gap    = 18.0, 8.0
	footer         = 46.0
)

var palette = []string{"#4da3ff", "#ff9f43", "#2dd4bf", "#f472b6", "#facc15", "#a78bfa", "#fb7185", "#94a3b8"}

// canvas is an SVG in the making.
type canvas struct{ strings.Builder }

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// text writes words; class is one of the style sheet's.
func (c *canvas) text(x, y float64, class, words string) {
	c.printf(`<text x="%.1f" y="%.1f" class="%s">%s</text>`, x, y, class, html.EscapeString(words))
}

const style = `text{font:11px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#c9d4e0}
.h{font-size:21px;font-weight:600;fill:#f2f6fa}.s{font-size:12.5px;fill:#9fb0c3}.t{font-size:12px;font-weight:600;fill:#eaf0f6}
.n{font-size:19px;font-weight:600;fill:#f2f6fa;text-anchor:middle}.u{font-size:10.5px;fill:#9fb0c3;text-anchor:middle}
.a{font-size:9.5px;fill:#8496aa}.e{font-size:11px;font-style:italic;fill:#71849a;text-anchor:middle}.l{font-size:10px}
.m{font:10.5px ui-monospace,Menlo,Consolas,monospace}.r{text-anchor:end}.c{text-anchor:middle}`

// Draw draws a board with a run's data. The caption says what was run.
func (d *Data) Draw(b dashboard.Board, caption string) string {
	rows := 0
	for _, r := range b.Rows {
		rows += r.Height
	}
	width, height := dashboard.Columns*fieldX+2*margin, float64(rows)*fieldY+2*margin+footer
	c := &canvas{}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`,
		width, height, width, height, html.EscapeString(caption))
	c.printf(`<style>%s</style><rect width="100%%" height="100%%" fill="#0d1722"/>`, style)
	y := margin
	for _, row := range b.Rows {
		x := margin
		for _, w := range row.Widgets {
			d.widget(c, w, box{x + gap/2, y + gap/2, float64(w.Width)*fieldX - gap, float64(row.Height)*fieldY - gap})
			x += float64(w.Width) * fieldX
		}
		y += float64(row.Height) * fieldY
	}
	for i, part := range strings.SplitN(caption, "\n", 2) {
		c.text(margin+gap, y+22+float64(i)*17, "s", part)
	}
	c.WriteString("</svg>\n")
	return c.String()
}

// box is a place on the canvas.
type box struct{ x, y, w, h float64 }

func (d *Data) widget(c *canvas, w dashboard.Widget, at box) {
	if w.Text != "" {
		head, rest, _ := strings.Cut(strings.ReplaceAll(w.Text, dashboard.Own, "fallow"), "\n")
		c.text(at.x+6, at.y+27, "h", strings.TrimPrefix(head, "# "))
		c.text(at.x+6, at.y+47, "s", plain(rest))
		return
	}
	c.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="7" fill="#142233" stroke="#22364c"/>`, at.x, at.y, at.w, at.h)
	if w.Number {
		d.number(c, w, at)
		return
	}
	c.text(at.x+12, at.y+20, "t", w.Title)
	inside := box{at.x + 12, at.y + 30, at.w - 24, at.h - 38}
	switch {
	case w.Alarms != nil:
		alarms(c, w.Alarms, inside)
	case w.Query != "":
		d.log(c, inside)
	default:
		d.graph(c, w, inside)
	}
}

// plain drops the marks of Markdown, and the targets of links.
func plain(markdown string) string {
	for {
		open := strings.Index(markdown, "](")
		if open < 0 {
			return strings.NewReplacer("[", "", "`", "").Replace(markdown)
		}
		shut := strings.IndexByte(markdown[open:], ')')
		markdown = markdown[:open] + markdown[open+shut+1:]
	}
}

// number writes one figure for each series, over the whole range.
func (d *Data) number(c *canvas, w dashboard.Widget, at box) {
	c.text(at.x+at.w/2, at.y+20, "t c", w.Title)
	var figures, units []string
	for _, s := range w.Series {
		for _, l := range d.resolve(s, d.To.Sub(d.From)) {
			figure := "–"
			if !l.empty() {
				figure = short(l.values[0])
			}
			figures, units = append(figures, figure), append(units, l.label)
		}
	}
	unit := strings.Join(units, " / ")
	if strings.HasPrefix(unit, "p50") {
		unit += " in ms"
	}
	c.text(at.x+at.w/2, at.y+at.h/2+15, "n", strings.Join(figures, " / "))
	c.text(at.x+at.w/2, at.y+at.h-12, "u", unit)
}

// short writes a figure in at most five characters or so.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return trim(v/1e6, 1) + "M"
	case a >= 1e4:
		return trim(v/1e3, 0) + "k"
	case a >= 100:
		return trim(v, 0)
	case a >= 1:
		return trim(v, 1)
	}
	return trim(v, 3)
}

// trim writes a figure with so many decimals, but no zeros at their end.
func trim(v float64, decimals int) string {
	factor := math.Pow(10, float64(decimals))
	return strconv.FormatFloat(math.Round(v*factor)/factor, 'f', -1, 64)
}
