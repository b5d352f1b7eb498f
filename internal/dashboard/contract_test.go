package dashboard_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// body is the dashboard as CloudWatch reads it, references left as they are.
func body(t *testing.T) []widget {
	t.Helper()
	text, err := dashboard.CloudWatch().JSON()
	if err != nil {
		t.Fatal(err)
	}
	var b struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.Widgets
}

type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title   string
		Metrics [][]any
	}
}

var search = regexp.MustCompile(`SEARCH\('\{"([^"]+)",([\w,]*)\} MetricName="(\w+)"', '\w+'\)`)

// shown lists the metrics of a widget, as namespace/name[dimensions].
func (w widget) shown() (all []string) {
	for _, row := range w.Properties.Metrics {
		if len(row) == 1 {
			if m := search.FindStringSubmatch(row[0].(map[string]any)["expression"].(string)); m != nil {
				all = append(all, fmt.Sprintf("%s/%s[%s]", m[1], m[3], m[2]))
			}
			continue
		}
		var dimensions []string
		for i := 2; i+1 < len(row); i += 2 {
			dimensions = append(dimensions, row[i].(string))
		}
		all = append(all, fmt.Sprintf("%s/%s[%s]", row[0], row[1], strings.Join(dimensions, ",")))
	}
	return all
}

// elsewhere are metrics that are not Fallow's own events.
var elsewhere = []string{
	dashboard.Own + "/" + dashboard.InternalErrors + "[]", // a metric filter of the template
	// AWS docs, "Using CloudWatch metrics with Lambda", "DynamoDB metrics and dimensions".
	"AWS/Lambda/Duration[FunctionName]", "AWS/Lambda/Invocations[FunctionName]", "AWS/Lambda/Errors[FunctionName]",
	"AWS/Lambda/Throttles[FunctionName]", "AWS/Lambda/ConcurrentExecutions[FunctionName]",
	"AWS/DynamoDB/SuccessfulRequestLatency[TableName,Operation]",
	"AWS/DynamoDB/ReadThrottleEvents[TableName]", "AWS/DynamoDB/WriteThrottleEvents[TableName]",
	"AWS/DynamoDB/ConsumedReadCapacityUnits[TableName]", "AWS/DynamoDB/ConsumedWriteCapacityUnits[TableName]",
}

func published() (all []string) {
	for _, m := range telemetry.Catalogue() {
		if c := m.CloudWatch; c.Name != "" {
			all = append(all, fmt.Sprintf("%s/%s[%s]", dashboard.Own, c.Name, strings.Join(c.Dimensions, ",")))
		}
	}
	return all
}

func TestDashboardShowsMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := append(published(), elsewhere...)
	for _, w := range body(t) {
		for _, m := range w.shown() {
			if !slices.Contains(known, m) {
				t.Errorf("%q shows %s, which nobody publishes", w.Properties.Title, m)
			}
		}
	}
}

// notShown are published metrics that no graph shows, and why.
var notShown = map[string]string{}

func TestEveryMetricIsShown(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, w := range body(t) {
		for _, m := range w.shown() {
			shown[m] = true
		}
	}
	for _, m := range published() {
		if shown[m] == (notShown[m] != "") {
			t.Errorf("%s: shown %t, excused %q; want it shown, or a reason why not", m, shown[m], notShown[m])
		}
	}
}

// Widgets that overlap push each other about, in an order that nobody chose.
func TestWidgetsFillTheGrid(t *testing.T) {
	t.Parallel()
	taken := map[[2]int]string{}
	deepest := 0
	for _, w := range body(t) {
		deepest = max(deepest, w.Y+w.Height)
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%q lies upon %q", w.Properties.Title, other)
				}
				taken[[2]int{x, y}] = w.Properties.Title
			}
		}
	}
	if want := deepest * dashboard.Columns; len(taken) != want {
		t.Errorf("%d of %d grid fields are taken", len(taken), want)
	}
}

// Ids must be small letters and unique within a widget, or CloudWatch refuses
// the whole dashboard.
func TestExpressionIDs(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z]\w*$`)
	used := regexp.MustCompile(`FILL\((\w+),`)
	for _, w := range body(t) {
		ids, refs := []string{}, []string{}
		for _, row := range w.Properties.Metrics {
			options, _ := row[len(row)-1].(map[string]any)
			if name, ok := options["id"].(string); ok {
				if !id.MatchString(name) || slices.Contains(ids, name) {
					t.Errorf("%q: id %q is malformed or there twice", w.Properties.Title, name)
				}
				ids = append(ids, name)
			}
			text, _ := options["expression"].(string)
			for _, m := range used.FindAllStringSubmatch(text, -1) {
				refs = append(refs, m[1])
			}
		}
		for _, ref := range refs {
			if !slices.Contains(ids, ref) {
				t.Errorf("%q: the expression uses %q, which is not there", w.Properties.Title, ref)
			}
		}
	}
}

func TestSplice(t *testing.T) {
	t.Parallel()
	const frame = "a:\n  # <dashboard> made by `make dashboard`, not by hand\n%s  # </dashboard>\nb: 1\n"
	got, err := dashboard.Splice(fmt.Sprintf(frame, "  old: 1\n"), dashboard.Board{})
	want := fmt.Sprintf(frame, "  DashboardBody: !Sub |-\n    {\"start\": \"-PT3H\", \"widgets\": [\n    ]}\n")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if again, err := dashboard.Splice(got, dashboard.Board{}); again != got || err != nil {
		t.Errorf("a second time it becomes %q, %v", again, err)
	}
	if _, err := dashboard.Splice("a: 1\n", dashboard.Board{}); err == nil {
		t.Error("a template without a place for the dashboard is taken")
	}
}
