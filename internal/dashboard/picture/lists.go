package picture

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

func coordinates(x, y float64) string {
	return strconv.FormatFloat(x, 'f', 1, 64) + " " + strconv.FormatFloat(y, 'f', 1, 64)
}

// alarms lists them; a run does not evaluate any.
func alarms(c *canvas, names []string, at box) {
	for i, name := range names {
		x, y := at.x+float64(i%2)*at.w/2, at.y+10+float64(i/2)*26
		c.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="21" rx="4" fill="#1b2d42"/><circle cx="%.1f" cy="%.1f" r="4" fill="#71849a"/>`,
			x, y, at.w/2-8, x+11, y+10.5)
		c.text(x+22, y+14.5, "l", name)
	}
	c.text(at.x+at.w/2, at.y+at.h, "e", "CloudWatch evaluates them; not part of a run on one machine")
}

// log lists the last requests that went wrong, as the widget's query would.
func (d *Data) log(c *canvas, at box) {
	columns := []struct {
		field string
		x     float64
	}{{"time", 0}, {"outcome", 90}, {"code", 200}, {"status", 380}, {"model", 430}, {"key", 560}, {"request_id", 650}}
	for _, col := range columns {
		c.text(at.x+col.x, at.y+8, "a", col.field)
	}
	y := at.y + 26
	for _, l := range slices.Backward(d.lines) {
		outcome, _ := l["outcome"].(string)
		if l["msg"] != "request" || slices.Contains([]string{"answered", "abandoned", "rejected"}, outcome) {
			continue
		}
		if y > at.y+at.h {
			return
		}
		for _, col := range columns {
			c.text(at.x+col.x, y, "m", d.cell(l, col.field))
		}
		y += 16
	}
	if y == at.y+26 {
		c.text(at.x+at.w/2, at.y+at.h/2, "e", "no request went wrong in the run")
	}
}

func (d *Data) cell(line map[string]any, field string) string {
	text, ok := line[field].(string)
	if !ok && line[field] != nil {
		return fmt.Sprint(line[field])
	}
	if at, err := time.Parse(time.RFC3339Nano, text); field == "time" && err == nil {
		return "+" + at.Sub(d.From).Round(100*time.Millisecond).String()
	}
	return text
}
