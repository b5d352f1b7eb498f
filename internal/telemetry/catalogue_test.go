package telemetry_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

func TestNamesFollowTheConventions(t *testing.T) {
	t.Parallel()
	var (
		camel = regexp.MustCompile(`^([A-Z][a-z]+)+$`)
		snake = regexp.MustCompile(`^(fallow|gen_ai)(_[a-z]+)+$`)
		units = []string{telemetry.Count, telemetry.Milliseconds, telemetry.Percent, telemetry.NoUnit}
		// allowed are all labels there may be. Every one has few values; there is
		// no request, client, conversation, organisation or secret among them.
		allowed = strings.Fields("route outcome pool type class change result operation group key version error_type " +
			"gen_ai_operation_name gen_ai_provider_name gen_ai_request_model gen_ai_token_type")
		dimensions = []string{"Pool", "Class", "Group", "Key"}
	)
	seen := map[string]bool{}
	for _, m := range telemetry.Catalogue() {
		c, p := m.CloudWatch, m.Prometheus
		if c.Name == "" && p.Name == "" || m.Event == "" || !strings.HasSuffix(m.Meaning, ".") {
			t.Errorf("%+v is incomplete", m)
		}
		for _, name := range []string{c.Name, p.Name} {
			if name != "" && seen[name] {
				t.Errorf("%s stands twice in the catalogue", name)
			}
			seen[name] = true
		}
		if c.Name != "" && (!camel.MatchString(c.Name) || !slices.Contains(units, c.Unit) || !subset(c.Dimensions, dimensions)) {
			t.Errorf("CloudWatch: %+v", c)
		}
		if p.Name == "" {
			continue
		}
		if !snake.MatchString(p.Name) || !subset(p.Labels, allowed) {
			t.Errorf("Prometheus: %+v", p)
		}
		if isTotal := strings.HasSuffix(p.Name, "_total"); isTotal != (p.Kind == telemetry.Counter) {
			t.Errorf("%s is a %s: counters, and they alone, end in _total", p.Name, p.Kind)
		}
		want := strings.NewReplacer(".", "_").Replace(p.Convention)
		if p.Convention != "" && p.Name != want && p.Name != want+"_seconds" || strings.HasPrefix(p.Name, "gen_ai") != (p.Convention != "") {
			t.Errorf("%s is said to be %q", p.Name, p.Convention)
		}
	}
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// TestSeries: the formula that docs give is the one that the catalogue makes.
func TestSeries(t *testing.T) {
	t.Parallel()
	const totals = 26
	for _, f := range []telemetry.Fleet{{}, {Pools: 1, Groups: 4, Keys: 4, Classes: 4}, {Pools: 3, Groups: 5, Keys: 40, Classes: 7}} {
		want := totals + f.Pools + 2*f.Pools*f.Classes + 2*f.Groups + f.Keys
		if got := f.Series(); got != want {
			t.Errorf("%+v makes %d series, by the formula %d", f, got, want)
		}
		if got := f.DollarsPerMonth(); math.Abs(got-0.3*float64(want)) > 1e-9 {
			t.Errorf("%+v costs %g", f, got)
		}
	}
}

// TestDocs keeps docs/metrics.md as the catalogue has it: run it with -update.
func TestDocs(t *testing.T) {
	t.Parallel()
	golden.Check(t, "../../docs/metrics.md", []byte(page(t)))
}

// page fills the template with the catalogue and an example of what it costs.
func page(t *testing.T) string {
	t.Helper()
	words := template.FuncMap{"code": func(v any) string {
		list, many := v.([]string)
		if !many {
			list = strings.Fields(fmt.Sprint(v))
		}
		if len(list) == 0 {
			return ""
		}
		return "`" + strings.Join(list, "`, `") + "`"
	}}
	tmpl := template.Must(template.New("metrics.md.tmpl").Funcs(words).ParseFiles("testdata/metrics.md.tmpl"))
	var out strings.Builder
	err := tmpl.Execute(&out, map[string]any{
		"Catalogue": telemetry.Catalogue(), "Outcomes": telemetry.Outcomes(),
		"Fleet": telemetry.Fleet{Pools: 1, Groups: 4, Keys: 4, Classes: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
