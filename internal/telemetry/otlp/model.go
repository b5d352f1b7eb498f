package otlp

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// The types are OTLP's ExportTraceServiceRequest as JSON: names in camel case,
// ids in hexadecimal, 64-bit integers as strings, enumerations as numbers
// (OTLP specification, "JSON Protobuf Encoding").
type (
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes attributes `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	span struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		ParentID   string     `json:"parentSpanId,omitempty"`
		TraceState string     `json:"traceState,omitempty"`
		Name       string     `json:"name"`
		Kind       int        `json:"kind"`
		Start      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes attributes `json:"attributes,omitempty"`
		Events     []event    `json:"events,omitempty"`
		Status     *status    `json:"status,omitempty"`
	}
	event struct {
		At   string `json:"timeUnixNano"`
		Name string `json:"name"`
	}
	status struct {
		Code int `json:"code"`
	}
	attribute struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
	attributes []attribute
)

// The enumerations that are used.
const (
	kindInternal = 1
	kindServer   = 2
	kindClient   = 3
	codeError    = 2
)

const scopeName = "github.com/fallow-dev/fallow"

// text adds an attribute, unless it is empty.
func (a *attributes) text(key, value string) {
	if value != "" {
		*a = append(*a, attribute{key, map[string]any{"stringValue": value}})
	}
}

// count adds a number, unless it is 0.
func (a *attributes) count(key string, n int64) {
	if n != 0 {
		*a = append(*a, attribute{key, map[string]any{"intValue": strconv.FormatInt(n, 10)}})
	}
}

func (a *attributes) yes(key string, v bool) {
	if v {
		*a = append(*a, attribute{key, map[string]any{"boolValue": true}})
	}
}

func describe(cfg Config) resource {
	all := map[string]string{"service.name": "fallow"}
	maps.Copy(all, cfg.Attributes)
	if cfg.Service != "" {
		all["service.name"] = cfg.Service
	}
	var a attributes
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a.text(key, all[key])
	}
	return resource{a}
}

func nano(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func spanID(id telemetry.SpanID) string {
	if id == (telemetry.SpanID{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}

func failed(yes bool) *status {
	if yes {
		return &status{codeError}
	}
	return nil
}
