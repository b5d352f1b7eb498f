package emftest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

func (r *reader) directive(raw json.RawMessage, path string) {
	d := r.object(raw, path, []string{"Namespace", "Dimensions", "Metrics"})
	namespace := r.text(d["Namespace"], path+".Namespace", maxNamespace)
	if strings.HasPrefix(namespace, "AWS/") {
		r.fault(path+".Namespace", "begins with AWS/, which is AWS's own")
	}
	var sets []map[string]string
	for i, set := range r.list(d["Dimensions"], path+".Dimensions", 1, maxMetrics) {
		sets = append(sets, r.dimensions(set, fmt.Sprintf("%s.Dimensions[%d]", path, i)))
	}
	seen := map[string]bool{}
	for i, raw := range r.list(d["Metrics"], path+".Metrics", 1, maxMetrics) {
		path := fmt.Sprintf("%s.Metrics[%d]", path, i)
		m := r.metric(raw, path)
		if seen[m.Name] {
			r.fault(path, "names %q a second time", m.Name)
		}
		seen[m.Name] = true
		for _, set := range sets {
			m.Namespace, m.Dimensions, m.At = namespace, set, r.at
			r.data = append(r.data, m)
		}
	}
}

// dimensions reads one dimension set and the values that it refers to.
func (r *reader) dimensions(raw json.RawMessage, path string) map[string]string {
	set := map[string]string{}
	for i, name := range r.list(raw, path, 0, maxDimensions) {
		path := fmt.Sprintf("%s[%d]", path, i)
		key := r.text(name, path, maxDimensionName)
		if _, twice := set[key]; twice {
			r.fault(path, "names %q a second time", key)
		}
		target, ok := r.root[key]
		if !ok {
			r.fault(path, "refers to %q, which the root does not have", key)
			continue
		}
		set[key] = r.text(target, key, maxDimensionValue)
		r.plain(key, path)
		r.plain(set[key], key)
	}
	return set
}

// plain checks what CloudWatch takes in the names and values of dimensions.
func (r *reader) plain(s, path string) {
	isPlain := func(c rune) bool { return c >= ' ' && c <= '~' }
	switch {
	case strings.ContainsFunc(s, func(c rune) bool { return !isPlain(c) }):
		r.fault(path, "is %q: only printable ASCII makes a dimension", s)
	case s != "" && strings.TrimSpace(s) == "":
		r.fault(path, "is blank")
	case strings.HasPrefix(s, ":"):
		r.fault(path, "is %q: a dimension does not begin with a colon", s)
	}
}

// metric reads one definition and the values that it refers to.
func (r *reader) metric(raw json.RawMessage, path string) Datum {
	def := r.object(raw, path, []string{"Name"}, "Unit", "StorageResolution")
	m := Datum{Name: r.text(def["Name"], path+".Name", maxMetricName), Unit: "None"}
	if unit, ok := def["Unit"]; ok {
		if m.Unit = r.text(unit, path+".Unit", maxMetricName); !slices.Contains(units, m.Unit) {
			r.fault(path+".Unit", "is %q, which is no unit of CloudWatch", m.Unit)
		}
	}
	if resolution, ok := def["StorageResolution"]; ok && string(resolution) != "1" && string(resolution) != "60" {
		r.fault(path+".StorageResolution", "is %s, must be 1 or 60", resolution)
	}
	target, ok := r.root[m.Name]
	if !ok {
		r.fault(path, "refers to %q, which the root does not have", m.Name)
		return m
	}
	m.Values = r.values(target, m.Name)
	return m
}

// values reads a number or an array of numbers.
func (r *reader) values(raw json.RawMessage, path string) []float64 {
	elements := []json.RawMessage{raw}
	if raw[0] == '[' {
		elements = r.list(raw, path, 1, maxValues)
	}
	var values []float64
	for _, element := range elements {
		var v *float64
		switch err := json.Unmarshal(element, &v); {
		case err != nil || v == nil:
			r.fault(path, "is %s, must be a number or an array of numbers", element)
		case math.Abs(*v) > maxValue:
			r.fault(path, "is %g, more than CloudWatch keeps", *v)
		default:
			values = append(values, *v)
		}
	}
	return values
}
