package emftest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	oldest   = 14 * 24 * time.Hour
	furthest = 2 * time.Hour

	maxNamespace      = 255 // CloudWatch's own; the schema of the format says 1,024
	maxMetrics        = 100
	maxMetricName     = 255
	maxDimensions     = 30
	maxDimensionName  = 250
	maxDimensionValue = 1024
	maxValues         = 100
	// maxValue is the largest magnitude that CloudWatch keeps: 2^360.
	maxValue = 0x1p360
)

// units are those of MetricDatum.
var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

// reader goes through the metadata and gathers faults on its way.
type reader struct {
	root   map[string]json.RawMessage
	now    time.Time
	at     time.Time
	data   []Datum
	faults []error
}

func (r *reader) fault(path, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s %s", path, fmt.Sprintf(format, args...)))
}

func (r *reader) check(err error, path string) bool {
	if err != nil {
		r.fault(path, "%v", err)
	}
	return err == nil
}

// object reads an object that has all the required members and, beside them,
// none but the optional.
func (r *reader) object(raw json.RawMessage, path string, required []string, optional ...string) map[string]json.RawMessage {
	found, err := members(raw)
	if !r.check(err, path) {
		return nil
	}
	for _, name := range required {
		if _, ok := found[name]; !ok {
			r.fault(path, "has no %s", name)
		}
	}
	for name := range found {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			r.fault(path, "has a member %q that the format does not know", name)
		}
	}
	return found
}

// list reads an array of at least and at most so many elements.
func (r *reader) list(raw json.RawMessage, path string, least, most int) []json.RawMessage {
	var found []json.RawMessage
	if raw == nil || !r.check(json.Unmarshal(raw, &found), path) {
		return nil
	}
	if found == nil {
		r.fault(path, "is null, not an array")
	} else if len(found) < least || len(found) > most {
		r.fault(path, "has %d elements, must have %d to %d", len(found), least, most)
	}
	return found
}

// text reads a string of 1 to so many characters.
func (r *reader) text(raw json.RawMessage, path string, most int) string {
	var s *string
	if raw == nil || !r.check(json.Unmarshal(raw, &s), path) {
		return ""
	}
	if s == nil {
		r.fault(path, "is null, not a string")
		return ""
	}
	if n := len([]rune(*s)); n < 1 || n > most {
		r.fault(path, "has %d characters, must have 1 to %d", n, most)
	}
	return *s
}

func (r *reader) metadata(raw json.RawMessage) {
	meta := r.object(raw, "_aws", []string{"Timestamp", "CloudWatchMetrics"})
	r.timestamp(meta["Timestamp"])
	const path = "_aws.CloudWatchMetrics"
	for i, directive := range r.list(meta["CloudWatchMetrics"], path, 1, maxMetrics) {
		r.directive(directive, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *reader) timestamp(raw json.RawMessage) {
	var ms int64
	if raw == nil || !r.check(json.Unmarshal(raw, &ms), "_aws.Timestamp") {
		return
	}
	r.at = time.UnixMilli(ms).UTC()
	if age := r.now.Sub(r.at); age > oldest || age < -furthest {
		r.fault("_aws.Timestamp", "is %s, which CloudWatch does not take at %s", r.at, r.now.UTC())
	}
}
