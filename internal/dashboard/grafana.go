package dashboard

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Panel is a field of the Grafana dashboard.
type Panel struct {
	Title, Unit string
	Width       int // of Grafana's 24 columns
	Stack       bool
	// Queries are PromQL, by the legend of their lines.
	Queries []PromQL
}

// PromQL is a query and the legend of its lines, in which {{label}} stands for a
// label's value.
type PromQL struct{ Legend, Expr string }

// rate is the window of rates. Grafana fills it in.
const rate = "[$__rate_interval]"

// Grafana lists the panels for servers, whose GET /metrics Prometheus reads:
// the same as CloudWatch's, as far as a server knows them.
func Grafana() []Panel {
	return append(promClients(), promPools()...)
}

func promClients() []Panel {
	const duration, first = "gen_ai_server_request_duration_seconds", "gen_ai_server_time_to_first_token_seconds"
	return []Panel{
		{Title: "Latency of whole answers, and time to the first token", Unit: "s", Width: 12, Queries: []PromQL{
			quantile("answer p50", 0.5, duration), quantile("answer p95", 0.95, duration),
			quantile("first token p50", 0.5, first), quantile("first token p95", 0.95, first)}},
		{Title: "Requests by how they ended", Unit: "reqps", Width: 12, Stack: true,
			Queries: []PromQL{perSecond("fallow_requests_total", "outcome")}},
		{Title: "429s: seen by clients, and met upstream", Unit: "reqps", Width: 8, Queries: []PromQL{
			{"seen by clients", `sum(rate(fallow_requests_total{outcome="limited"}` + rate + `))`},
			{"met upstream", `sum(rate(fallow_attempts_total{class=~"rate_limit|ramp|concurrency|fast_limit"}` + rate + `))`}}},
		{Title: "Waits for room in a quota", Unit: "s", Width: 8, Queries: []PromQL{
			quantile("p50", 0.5, "fallow_wait_seconds"), quantile("p95", 0.95, "fallow_wait_seconds")}},
		{Title: "What Fallow added before the first content, waits left out", Unit: "s", Width: 8, Queries: []PromQL{
			quantile("p50", 0.5, "fallow_overhead_seconds"), quantile("p95", 0.95, "fallow_overhead_seconds")}},
		{Title: "Tokens", Unit: "short", Width: 8, Stack: true, Queries: []PromQL{perSecond("fallow_tokens_total", "type")}},
		{Title: "Input and output tokens of a call, p95", Unit: "short", Width: 8, Queries: []PromQL{
			{"{{gen_ai_token_type}}", `histogram_quantile(0.95, sum by (le, gen_ai_token_type) (rate(gen_ai_client_token_usage_bucket` + rate + `)))`}}},
		{Title: "Providers' price of the tokens, an hour, at list prices", Unit: "currencyUSD", Width: 8, Queries: []PromQL{
			{"{{pool}}", `3600 * sum by (pool) (rate(fallow_cost_dollars_total` + rate + `))`}}},
	}
}

func promPools() []Panel {
	const call, chunk = "gen_ai_client_operation_duration_seconds", "gen_ai_client_operation_time_to_first_chunk_seconds"
	return []Panel{
		{Title: "Free share of each quota group's tightest limit", Unit: "percentunit", Width: 8,
			Queries: []PromQL{{"{{pool}} {{group}}", "min by (pool, group) (fallow_group_headroom_ratio)"}}},
		{Title: "Quota groups that rest, and what waits for a probe", Unit: "short", Width: 8, Queries: []PromQL{
			{"{{pool}} {{group}}", "max by (pool, group) (fallow_group_resting)"}, {"in quarantine", "max(fallow_quarantined)"}}},
		{Title: "Weights of the keys", Unit: "percentunit", Width: 8,
			Queries: []PromQL{{"{{pool}} {{key}}", "min by (pool, key) (fallow_key_weight_ratio)"}}},
		{Title: "Changes of cooldowns", Unit: "ops", Width: 8, Queries: []PromQL{perSecond("fallow_cooldown_changes_total", "pool", "class", "change")}},
		{Title: "Calls upstream, by class", Unit: "reqps", Width: 8, Stack: true, Queries: []PromQL{perSecond("fallow_attempts_total", "pool", "class")}},
		{Title: "Searches for room, by result", Unit: "ops", Width: 8, Queries: []PromQL{perSecond("fallow_bookings_total", "pool", "result")}},
		{Title: "Length of calls to providers, and time to their first chunk", Unit: "s", Width: 8, Queries: []PromQL{
			quantile("call p95", 0.95, call), quantile("first chunk p95", 0.95, chunk)}},
		{Title: "Calls to the table that failed open, and events telemetry had no room for", Unit: "ops", Width: 8, Queries: []PromQL{
			perSecond("fallow_store_failures_total", "operation"), {"dropped", `sum(rate(fallow_telemetry_dropped_events_total` + rate + `))`}}},
		{Title: "Rebalancer, and seconds since it last ran", Unit: "short", Width: 4, Queries: []PromQL{
			perSecond("fallow_rebalance_runs_total", "result"), {"seconds since", "time() - max(fallow_rebalance_last_run_timestamp_seconds)"}}},
		{Title: "Versions, and the config revision in force", Unit: "short", Width: 4, Queries: []PromQL{
			{"{{version}}", "count by (version) (fallow_build_info)"}, {"revision", "max(fallow_config_revision)"}, {"oldest", "min(fallow_config_revision)"}}},
	}
}

func quantile(legend string, q float64, histogram string) PromQL {
	return PromQL{legend, fmt.Sprintf("histogram_quantile(%g, sum by (le) (rate(%s_bucket%s)))", q, histogram, rate)}
}

func perSecond(counter string, labels ...string) PromQL {
	return PromQL{"{{" + strings.Join(labels, "}} {{") + "}}",
		fmt.Sprintf("sum by (%s) (rate(%s%s))", strings.Join(labels, ", "), counter, rate)}
}

// GrafanaJSON is the dashboard as Grafana imports it (schema 39, Grafana 11 and
// later). It asks for the Prometheus that is to be read.
func GrafanaJSON(panels []Panel) ([]byte, error) {
	var placed []map[string]any
	x, y := 0, 0
	for i, p := range panels {
		if x+p.Width > Columns {
			x, y = 0, y+grafanaHeight
		}
		placed = append(placed, p.json(i+1, x, y))
		x += p.Width
	}
	return json.MarshalIndent(map[string]any{
		"title": "Fallow", "uid": "fallow", "schemaVersion": 39, "editable": true, "refresh": "30s", "tags": []string{"fallow"},
		"time": map[string]any{"from": "now-3h", "to": "now"}, "panels": placed,
		"templating": map[string]any{"list": []any{map[string]any{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}}},
	}, "", " ")
}

const grafanaHeight = 8

func (p Panel) json(id, x, y int) map[string]any {
	source := map[string]any{"type": "prometheus", "uid": "${source}"}
	var targets []map[string]any
	for i, q := range p.Queries {
		targets = append(targets, map[string]any{"refId": string(rune('A' + i)), "datasource": source, "expr": q.Expr, "legendFormat": q.Legend})
	}
	stacking := "none"
	if p.Stack {
		stacking = "normal"
	}
	return map[string]any{
		"id": id, "type": "timeseries", "title": p.Title, "datasource": source, "targets": targets,
		"gridPos": map[string]any{"x": x, "y": y, "w": p.Width, "h": grafanaHeight},
		"fieldConfig": map[string]any{"overrides": []any{}, "defaults": map[string]any{"unit": p.Unit, "min": 0,
			"custom": map[string]any{"stacking": map[string]any{"mode": stacking}, "fillOpacity": 10}}},
		"options": map[string]any{"legend": map[string]any{"displayMode": "list", "placement": "bottom"}},
	}
}
