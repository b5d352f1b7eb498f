package emf

import (
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// lines collects the lines of one event. What goes into a line is added first,
// since the directive at its front names it all; line then writes it.
type lines struct {
	namespace string
	now       time.Time
	out       []byte

	longest    int // bytes of text in a field
	fields     []slog.Attr
	dimensions []dimension
	metrics    []metric
}

type dimension struct{ name, value string }

type metric struct {
	name, unit string
	value      float64
}

// roomy is what a scratch buffer may keep: one event with an enormous field
// must not hold its memory for ever.
const roomy = 64 << 10

func (l *lines) reset(namespace string, now time.Time) {
	l.namespace, l.now, l.longest = namespace, now, maxText
	if l.out = l.out[:0]; cap(l.out) > roomy {
		l.out = nil
	}
}

// dimension gives the next line's metrics a dimension. CloudWatch refuses empty
// values, so they are named.
func (l *lines) dimension(name, value string) {
	if value == "" {
		value = telemetry.None
	}
	l.dimensions = append(l.dimensions, dimension{name, clip(value, maxDimension)})
}

// add gives the next line a metric. What JSON cannot write is left out.
func (l *lines) add(name, unit string, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		l.metrics = append(l.metrics, metric{name, unit, value})
	}
}

// count adds a count, unless it is zero: it would cost as much as a figure.
func (l *lines) count(name string, n int) {
	if n > 0 {
		l.add(name, telemetry.Count, float64(n))
	}
}

func (l *lines) addTime(name string, d time.Duration) {
	l.add(name, telemetry.Milliseconds, float64(d.Microseconds())/1e3)
}

// event writes an event's own line with what was added.
func (l *lines) event(e telemetry.Event) {
	level, message, fields := e.Line(l.fields[:0])
	l.fields = fields
	l.line(level, message, fields...)
}

// line writes a line with what was added since the last.
func (l *lines) line(level slog.Level, message string, fields ...slog.Attr) {
	b := append(l.out, `{"time":"`...)
	b = l.now.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, level.String()...)
	b = append(b, `","msg":`...)
	b = appendString(b, message)
	for _, f := range fields {
		b = appendField(b, f, l.longest)
	}
	b = l.appendMetrics(b)
	l.out = append(b, '}', '\n')
	l.dimensions, l.metrics = l.dimensions[:0], l.metrics[:0]
}

// appendMetrics writes the directive and the values that it names.
func (l *lines) appendMetrics(b []byte) []byte {
	if len(l.metrics) == 0 {
		return b
	}
	b = l.appendDirective(b)
	for _, d := range l.dimensions {
		b = appendName(b, d.name)
		b = appendString(b, d.value)
	}
	for _, m := range l.metrics {
		b = appendName(b, m.name)
		b = strconv.AppendFloat(b, m.value, 'g', -1, 64)
	}
	return b
}

func (l *lines) appendDirective(b []byte) []byte {
	b = append(b, `,"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, l.now.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":`...)
	b = appendString(b, l.namespace)
	b = append(b, `,"Dimensions":[[`...)
	for i, d := range l.dimensions {
		b = appendComma(b, i)
		b = appendString(b, d.name)
	}
	b = append(b, `]],"Metrics":[`...)
	for i, m := range l.metrics {
		b = appendComma(b, i)
		b = append(b, `{"Name":"`...)
		b = append(b, m.name...)
		b = append(b, `","Unit":"`...)
		b = append(b, m.unit...)
		b = append(b, `"}`...)
	}
	return append(b, `]}]}`...)
}
