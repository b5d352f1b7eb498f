package samtest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

const namespace = "AWS::StackName"

// An alarm that says neither what is wrong nor what to do wakes people for
// nothing.
func TestEveryAlarmLeadsToItsRunbook(t *testing.T) {
	runbook := read(t, "docs/operations.md")
	alarms := ofType(t, "AWS::CloudWatch::Alarm")
	for name, alarm := range alarms {
		text, _ := alarm["AlarmDescription"].(string)
		sentence, anchor, ok := strings.Cut(text, "${Runbook}#")
		if !ok || len(sentence) < 40 {
			t.Errorf("%s: description %q, want what is wrong and ${Runbook}#…", name, text)
		}
		// GitHub makes the anchor of a heading by writing it small.
		if !slices.Contains(anchors(runbook), anchor) {
			t.Errorf("%s: docs/operations.md has no section %q", name, anchor)
		}
		if alarm["AlarmActions"] == nil || alarm["TreatMissingData"] == nil {
			t.Errorf("%s tells nobody, or does not say what silence means", name)
		}
		if !slices.Contains(dashboard.Alarms(), name) {
			t.Errorf("%s is not on the dashboard", name)
		}
	}
	if len(alarms) != len(dashboard.Alarms()) {
		t.Errorf("the template has %d alarms, the dashboard %v", len(alarms), dashboard.Alarms())
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.+)$`)

func anchors(page string) (all []string) {
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		clean := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(clean, " ", "-"))
	}
	return all
}

// A metric that nobody sends never rings.
func TestAlarmsWatchMetricsThatExist(t *testing.T) {
	totals := map[string]bool{}
	for _, m := range telemetry.Catalogue() {
		totals[m.CloudWatch.Name] = len(m.CloudWatch.Dimensions) == 0
	}
	for _, filter := range ofType(t, "AWS::Logs::MetricFilter") {
		for _, made := range filter["MetricTransformations"].([]any) {
			totals[at(made, "MetricName").(string)] = true
		}
	}
	for name, alarm := range ofType(t, "AWS::CloudWatch::Alarm") {
		for _, m := range watched(alarm) {
			if m["Namespace"] == namespace && (!totals[m["MetricName"].(string)] || m["Dimensions"] != nil) {
				t.Errorf("%s watches %v, which is not among the metrics without dimensions", name, m)
			}
			if !slices.Contains([]any{namespace, "AWS/Lambda"}, m["Namespace"]) {
				t.Errorf("%s watches %v of a namespace that is not this stack's", name, m)
			}
		}
	}
}

// watched lists the metrics of an alarm, be it on one or on an expression.
func watched(alarm node) []node {
	if alarm["MetricName"] != nil {
		return []node{alarm}
	}
	var all []node
	for _, query := range alarm["Metrics"].([]any) {
		if m, ok := at(query, "MetricStat", "Metric").(node); ok {
			all = append(all, m)
		}
	}
	return all
}

// The one that takes a deployment back must not ring for what a deployment is
// meant to cure.
func TestDeploymentsAreTakenBackForCrashesOnly(t *testing.T) {
	gateway := ofType(t, "AWS::Serverless::Function")["GatewayFunction"]
	equal(t, "alarms", any([]any{"GatewayCrashes"}), at(gateway, "DeploymentPreference", "Alarms"))
	var names []any
	for _, m := range watched(ofType(t, "AWS::CloudWatch::Alarm")["GatewayCrashes"]) {
		names = append(names, m["MetricName"])
	}
	equal(t, "metrics", []any{"Errors", dashboard.InternalErrors}, names)
}
