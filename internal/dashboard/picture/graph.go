package picture

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/dashboard"
)

// plot is the inner part of a graph and what its axes mean.
type plot struct {
	box
	most float64
	n    int // points
}

func (p plot) px(i int) float64 { return p.x + p.w*(float64(i)+0.5)/float64(p.n) }

func (p plot) py(v float64) float64 { return p.y + p.h*(1-min(v, p.most)/p.most) }

func (d *Data) graph(c *canvas, w dashboard.Widget, at box) {
	var lines []line
	for _, s := range w.Series {
		lines = append(lines, d.resolve(s, d.Step)...)
	}
	if !slices.ContainsFunc(lines, func(l line) bool { return !l.empty() }) {
		c.text(at.x+at.w/2, at.y+at.h/2, "e", absence(w))
		return
	}
	p := plot{box{at.x + 34, at.y + 8, at.w - 36, at.h - 44}, ceiling(lines, w), d.points(d.Step)}
	d.axes(c, w, p)
	base := make([]float64, p.n)
	for i, l := range lines {
		if l.empty() {
			continue
		}
		if w.Stack {
			stack(c, p, base, l.values, palette[i%len(palette)])
		} else {
			curve(c, p, l.values, palette[i%len(palette)])
		}
	}
	legend(c, lines, box{at.x, at.y + at.h - 10, at.w, 0})
}

// absence says why a graph is empty.
func absence(w dashboard.Widget) string {
	for _, s := range w.Series {
		if m, ok := s.(dashboard.Metric); !ok || m.Namespace == dashboard.Own {
			if _, sum := s.(dashboard.Formula); !sum {
				return "nothing of this was sent in the run"
			}
		}
	}
	return "measured by AWS; not part of a run on one machine"
}

// ceiling is the top of the axis: a round number above all.
func ceiling(lines []line, w dashboard.Widget) float64 {
	if w.Max > 0 {
		return w.Max
	}
	most := 0.0
	sums := map[int]float64{}
	for _, l := range lines {
		for i, v := range l.values {
			sums[i] += zero(v)
			most = max(most, zero(v))
			if w.Stack {
				most = max(most, sums[i])
			}
		}
	}
	if most == 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if m*unit >= most {
			return m * unit
		}
	}
	return 10 * unit
}

func (d *Data) axes(c *canvas, w dashboard.Widget, p plot) {
	for i := range 5 {
		v := p.most * float64(i) / 4
		c.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#22364c"/>`, p.x, p.x+p.w, p.py(v), p.py(v))
		if i%2 == 0 {
			c.text(p.x-5, p.py(v)+3, "a r", short(v))
		}
	}
	c.text(p.x+p.w, p.y-9, "a r", strings.ReplaceAll(w.Unit, "a minute", "in "+d.Step.String()))
	whole := d.To.Sub(d.From)
	for at, every := time.Duration(0), d.tick(); at <= whole; at += every {
		c.text(p.x+p.w*at.Seconds()/whole.Seconds(), p.y+p.h+12, "a c", at.String())
	}
}

// tick is a round time that makes at most seven steps.
func (d *Data) tick() time.Duration {
	for _, every := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		if d.To.Sub(d.From) <= 7*every {
			return every
		}
	}
	return 24 * time.Hour
}

func curve(c *canvas, p plot, values []float64, colour string) {
	var path strings.Builder
	pen := "M"
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		path.WriteString(pen + coordinates(p.px(i), p.py(v)))
		pen = "L"
	}
	c.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round"/>`, path.String(), colour)
}

// stack draws an area on top of base, and raises base by it.
func stack(c *canvas, p plot, base, values []float64, colour string) {
	var above, below strings.Builder
	for i, v := range values {
		below.WriteString("L" + coordinates(p.px(p.n-1-i), p.py(base[p.n-1-i])))
		above.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + coordinates(p.px(i), p.py(base[i]+zero(v))))
	}
	c.printf(`<path d="%s%sZ" fill="%s" fill-opacity=".6" stroke="%s" stroke-width="1"/>`, above.String(), below.String(), colour, colour)
	for i, v := range values {
		base[i] += zero(v)
	}
}

// legend names the lines, in as many columns as fit.
func legend(c *canvas, lines []line, at box) {
	x := at.x
	for i, l := range lines {
		width := 16 + 5.4*float64(len([]rune(l.label)))
		if x+width > at.x+at.w {
			c.text(x, at.y+12, "l", "…")
			return
		}
		dim := ""
		if l.empty() {
			dim = ` opacity=".35"`
		}
		c.printf(`<g%s><rect x="%.1f" y="%.1f" width="9" height="9" rx="2" fill="%s"/>`, dim, x, at.y+4, palette[i%len(palette)])
		c.text(x+13, at.y+12, "l", l.label)
		c.printf("</g>")
		x += width + 8
	}
}
