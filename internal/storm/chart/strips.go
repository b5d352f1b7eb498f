package chart

import (
	"fmt"
	"html/template"
)

// Strips is a row for each of several things over time.
type Strips struct {
	About string
	Rows  []Strip
	// Step is the length of a cell in seconds, End the last second shown; 0
	// means that of the values.
	Step, End float64
}

// Strip is one row.
type Strip struct {
	Name string
	// Values are shares: 0 is pale and 1 and above is full.
	Values []float64
	// Marks count what went wrong in each cell; may be nil.
	Marks []int
	// Bands lie over the cells.
	Bands []StripBand
}

// StripBand is a time of a row, in seconds.
type StripBand struct {
	From, To float64
	Text     string
}

const (
	stripHeight = 22.0
	stripGap    = 5.0
	stripFoot   = 22.0
)

type stripData struct {
	frame
	Rows []drawnStrip
}

type drawnStrip struct {
	Name   string
	Y, H   float64
	Middle float64
	Cells  []cell
	Marks  []bar
	Bands  []bar
}

type cell struct {
	bar
	Level int // 0 to 10
}

// SVG draws the rows.
func (s Strips) SVG() template.HTML {
	cells, end := 0, s.End
	for _, r := range s.Rows {
		cells = max(cells, len(r.Values))
	}
	end = max(end, float64(cells)*s.Step, 1)
	total := top + float64(len(s.Rows))*(stripHeight+stripGap) + stripFoot
	x := newScale(Axis{Max: end, Clock: true, Format: Minutes}, left, width-right)
	data := stripData{frame: newFrame(s.About, total, x, newScale(Axis{}, 0, 0))}
	data.Bottom, data.Y = total-stripFoot, nil
	for i, r := range s.Rows {
		data.Rows = append(data.Rows, s.row(x, r, top+float64(i)*(stripHeight+stripGap)))
	}
	return draw("strips.svg.tmpl", data)
}

func (s Strips) row(x scale, r Strip, y float64) drawnStrip {
	d := drawnStrip{Name: r.Name, Y: y, H: stripHeight, Middle: y + stripHeight/2}
	place := func(from, to float64, text string) bar {
		return bar{X: x.at(from), Y: y, W: max(0.5, x.at(to)-x.at(from)), H: stripHeight, Text: text}
	}
	for i, v := range r.Values {
		from, to := float64(i)*s.Step, float64(i+1)*s.Step
		if level := min(10, int(v*10+0.5)); level > 0 {
			d.Cells = append(d.Cells, cell{place(from, to, fmt.Sprintf("%s, %s: %s of the quota", r.Name, Minutes(from), Percent(v))), level})
		}
		if i < len(r.Marks) && r.Marks[i] > 0 {
			d.Marks = append(d.Marks, place(from, to, fmt.Sprintf("%s, %s: %d refused", r.Name, Minutes(from), r.Marks[i])))
		}
	}
	for _, b := range r.Bands {
		if b.To > b.From {
			d.Bands = append(d.Bands, place(b.From, b.To, b.Text))
		}
	}
	return d
}
