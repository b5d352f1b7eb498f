package samtest

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// events have every field that a line can have.
var events = []telemetry.Event{
	telemetry.Request{
		ID: "req_1", Client: "c", Model: "m", Route: "r", API: "messages", Stream: true, Batch: true, Status: 502, Code: "upstream_error",
		Target: "p/m", Key: "k", Group: "g", Attempts: []telemetry.Attempt{{Class: upstream.Provider}}, Cost: 1,
	},
	telemetry.Cooldown{Class: upstream.Auth, Change: telemetry.Begun, Why: "w", Key: "k", Until: time.Unix(1, 0)},
	telemetry.Rebalance{Failure: "f"},
	telemetry.StoreTrouble{Operation: "query", Cause: "c"},
	telemetry.StoreTrouble{Recovered: true},
}

// lines are the fields that are emitted, by message.
func lines() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, e := range events {
		_, message, fields := e.Line([]slog.Attr{})
		names := map[string]bool{"msg": true, "level": true, "time": true}
		for _, f := range fields {
			names[f.Key] = true
		}
		all[message] = names
	}
	return all
}

// platform are fields of the lines that Lambda writes by itself.
var platform = map[string]bool{"type": true, "record.metrics.initDurationMs": true, "record.metrics.maxMemoryUsedMB": true}

var (
	literal = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	alias   = regexp.MustCompile(`\bas (\w+)`)
	word    = regexp.MustCompile(`@?[A-Za-z_][\w.]*`)
	isMsg   = regexp.MustCompile(`msg (?:=|like) ["']([^"']+)["']`)
)

// keywords of Logs Insights that are used here.
var keywords = words("fields filter stats sort limit by as and or not in like desc asc bin 5m m count sum avg pct max min latest ispresent")

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// A field that no line has makes a query that finds nothing and says nothing.
func TestSavedQueriesAskForFieldsThatExist(t *testing.T) {
	queries := ofType(t, "AWS::Logs::QueryDefinition")
	for name, q := range queries {
		checkQuery(t, name, q["QueryString"].(string))
	}
	body := at(ofType(t, "AWS::CloudWatch::Dashboard")["Dashboard"], "DashboardBody").(string)
	inBoard := regexp.MustCompile(`"query":"SOURCE '\$\{GatewayLogs\}' \| ([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(inBoard) == 0 {
		t.Error("the dashboard shows no log lines")
	}
	for _, m := range inBoard {
		checkQuery(t, "the dashboard's", m[1])
	}
}

func checkQuery(t *testing.T, name, query string) {
	t.Helper()
	known := map[string]bool{"@timestamp": true, "@message": true}
	for message, fields := range lines() {
		if m := isMsg.FindStringSubmatch(query); m != nil && strings.Contains(message, m[1]) || m == nil && strings.Contains(query, "request_id =") {
			for f := range fields {
				known[f] = true
			}
		}
	}
	for _, m := range alias.FindAllStringSubmatch(query, -1) {
		known[m[1]] = true
	}
	for _, w := range word.FindAllString(literal.ReplaceAllString(query, " "), -1) {
		if !known[w] && !keywords[w] && !platform[w] {
			t.Errorf("%s asks for %q, which no such line has:\n%s", name, w, query)
		}
	}
}

// What a filter turns into a metric must be what a line says.
func TestMetricFiltersMatchLines(t *testing.T) {
	filter := ofType(t, "AWS::Logs::MetricFilter")["InternalErrors"]
	equal(t, "pattern", any(`{ $.code = "internal_error" }`), filter["FilterPattern"])
	if !lines()["request"]["code"] {
		t.Error("requests' lines have no field code")
	}
}
