package chart

import (
	"fmt"
	"html/template"
)

// Mirror is two counts over time, one upwards and one downwards from a common
// line, in front of a third.
type Mirror struct {
	About string
	// Up, Down and Back have a value for each Step seconds.
	Up, Down, Back             []float64
	UpName, DownName, BackName string
	Step                       float64
	// Most is the largest count of all plots beside each other, and BackMost
	// that of Back; 0 means of this one.
	Most, BackMost float64
	// End is the last second shown; 0 means that of the values.
	End float64
}

const mirrorHeight = 150.0

type mirrorData struct {
	frame
	Middle        float64
	Up, Down      []bar
	Area          string
	UpName, DName string
}

type bar struct {
	X, Y, W, H float64
	Text       string
}

// SVG draws the counts.
func (m Mirror) SVG() template.HTML {
	most := max(m.Most, largest(m.Up), largest(m.Down), 1)
	end := max(m.End, float64(len(m.Up))*m.Step, 1)
	x := newScale(Axis{Max: end, Clock: true, Format: Minutes}, left, width-right)
	middle := (top + mirrorHeight - 24) / 2
	y := newScale(Axis{Min: -most, Max: most, Format: func(v float64) string { return Number(max(v, -v)) }}, mirrorHeight-24, top)
	data := mirrorData{frame: newFrame(m.About, mirrorHeight, x, y), Middle: middle, UpName: m.UpName, DName: m.DownName}
	data.Bottom, data.Y = mirrorHeight-24, y.symmetric()
	for i, v := range m.Up {
		data.Up = add(data.Up, m.bar(x, y, i, v, m.UpName))
	}
	for i, v := range m.Down {
		data.Down = add(data.Down, m.bar(x, y, i, -v, m.DownName))
	}
	data.Area = m.area(x, middle)
	return draw("mirror.svg.tmpl", data)
}

// symmetric ticks are zero and the same round figure both ways.
func (s scale) symmetric() []tick {
	half := newScale(Axis{Max: s.Max}, 0, 1)
	step := half.step(1)
	if step > s.Max {
		step = half.step(2)
	}
	var all []tick
	for _, v := range []float64{-step, 0, step} {
		all = append(all, tick{s.at(v), s.Format(v)})
	}
	return all
}

func add(all []bar, b bar) []bar {
	if b.H < 0.05 {
		return all
	}
	return append(all, b)
}

func (m Mirror) bar(x, y scale, i int, v float64, name string) bar {
	from, to := y.at(max(v, 0)), y.at(min(v, 0))
	at, next := x.at(float64(i)*m.Step), x.at(float64(i+1)*m.Step)
	return bar{X: at, Y: from, W: max(1, next-at-0.5), H: to - from,
		Text: fmt.Sprintf("%s: %s %s", Minutes(float64(i)*m.Step), Number(max(v, -v)), name)}
}

// area is what stands behind, as a share of its most.
func (m Mirror) area(x scale, middle float64) string {
	most := max(m.BackMost, largest(m.Back))
	if most == 0 {
		return ""
	}
	path := fmt.Sprintf("M%.1f %.1f", x.at(0), middle)
	for i, v := range m.Back {
		h := middle - (middle-top)*v/most
		path += fmt.Sprintf("L%.1f %.1fL%.1f %.1f", x.at(float64(i)*m.Step), h, x.at(float64(i+1)*m.Step), h)
	}
	return path + fmt.Sprintf("L%.1f %.1fZ", x.at(float64(len(m.Back))*m.Step), middle)
}

func largest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
