package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Columns is the width of a CloudWatch dashboard in grid units.
const Columns = 24

// Period is what one point of a graph sums up, in seconds: the finest that
// custom metrics are kept at.
const Period = 60

// Board is a dashboard: rows of widgets from top to bottom.
type Board struct{ Rows []Row }

// Row is widgets side by side, all of one height in grid units. Their widths
// add up to Columns.
type Row struct {
	Height  int
	Widgets []Widget
}

// Widget is one field of the dashboard. Exactly one of Text, Series, Alarms and
// Query is set.
type Widget struct {
	Title string
	Width int
	// Text is Markdown.
	Text string
	// Series are drawn as lines, or as one number each over the whole time that
	// is shown if Number is set.
	Series []Series
	Number bool
	Stack  bool
	// Unit labels the axis; Max bounds it, 0 leaves that to the data.
	Unit string
	Max  float64
	// Alarms are logical ids in the template.
	Alarms []string
	// Query is Logs Insights' language, run on the gateway's log group.
	Query string
}

// JSON is the dashboard's body, one widget a line. It holds ${…} references for
// Fn::Sub: the region, the stack's name and its resources.
func (b Board) JSON() (string, error) {
	out := bytes.NewBufferString(`{"start": "-PT3H", "widgets": [`)
	y, comma := 0, ""
	for _, row := range b.Rows {
		x := 0
		for _, w := range row.Widgets {
			line, err := marshal(w.place(x, y, row.Height))
			if err != nil {
				return "", fmt.Errorf("widget %q: %w", w.Title, err)
			}
			fmt.Fprintf(out, "%s\n%s", comma, line)
			x, comma = x+w.Width, ","
		}
		y += row.Height
	}
	out.WriteString("\n]}")
	return out.String(), nil
}

// marshal is json.Marshal without the escapes for HTML, which would make the
// template unreadable.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

// placed is a widget as CloudWatch takes it.
type placed struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

func (w Widget) place(x, y, height int) placed {
	p := placed{X: x, Y: y, Width: w.Width, Height: height}
	switch {
	case w.Text != "":
		p.Type, p.Properties = "text", map[string]any{"markdown": w.Text}
	case w.Alarms != nil:
		var arns []string
		for _, a := range w.Alarms {
			arns = append(arns, "${"+a+".Arn}")
		}
		p.Type, p.Properties = "alarm", map[string]any{"title": w.Title, "alarms": arns}
	case w.Query != "":
		p.Type, p.Properties = "log", map[string]any{"title": w.Title, "region": "${AWS::Region}", "view": "table",
			"query": "SOURCE '${GatewayLogs}' | " + w.Query}
	default:
		p.Type, p.Properties = "metric", w.metrics()
	}
	return p
}

func (w Widget) metrics() map[string]any {
	props := map[string]any{"title": w.Title, "region": "${AWS::Region}", "period": Period, "view": "timeSeries", "stacked": w.Stack}
	var rows []any
	for i, s := range w.Series {
		rows = append(rows, s.rows(i)...)
	}
	props["metrics"] = rows
	if w.Number {
		props["view"], props["setPeriodToTimeRange"] = "singleValue", true
		return props
	}
	axis := map[string]any{"label": w.Unit, "showUnits": false, "min": 0}
	if w.Max > 0 {
		axis["max"] = w.Max
	}
	props["yAxis"] = map[string]any{"left": axis}
	return props
}
