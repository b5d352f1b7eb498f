package picture

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fallow-dev/fallow/internal/dashboard"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// sent is a line that came after so many seconds: metrics without dimensions,
// or with one named Pool if pool is not empty.
func sent(after int, pool, metrics string) string {
	var names []string
	for _, m := range strings.Split(metrics, ",") {
		name, _, _ := strings.Cut(m, ":")
		names = append(names, `{"Name":`+name+`,"Unit":"Count"}`)
	}
	dimensions, member := "", ""
	if pool != "" {
		dimensions, member = `"Pool"`, `"Pool":"`+pool+`",`
	}
	at := start.Add(time.Duration(after) * time.Second)
	return fmt.Sprintf(`{"time":%q,"msg":"request","outcome":"limited","code":"pool_exhausted","status":429,%s"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"fallow","Dimensions":[[%s]],"Metrics":[%s]}]},%s}`,
		at.Format(time.RFC3339Nano), member, at.UnixMilli(), dimensions, strings.Join(names, ","), metrics)
}

// run is three points of a second: 0 and 2 have values.
func run(t *testing.T) *Data {
	t.Helper()
	lines := strings.Join([]string{
		sent(0, "", `"Requests":1,"Latency":100`), sent(0, "", `"Requests":1,"Latency":300`),
		sent(2, "", `"Requests":1,"Limited":1`), sent(2, "a", `"Exhausted":4`), sent(2, "b", `"Exhausted":5`),
	}, "\n")
	d, err := Read([]byte(lines), start.Add(time.Minute), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var none = math.NaN()

func TestResolve(t *testing.T) {
	t.Parallel()
	own := func(name, stat string) dashboard.Metric {
		return dashboard.Metric{Namespace: dashboard.Own, Name: name, Stat: stat}
	}
	share := dashboard.Formula{Of: []dashboard.Term{{Factor: "100", Metric: own("Limited", "Sum")}}, In: []dashboard.Term{{Factor: "1", Metric: own("Requests", "Sum")}}}
	tests := []struct {
		name   string
		series dashboard.Series
		want   [][]float64
	}{
		{"a count is zero where none was sent", own("Requests", "Sum"), [][]float64{{2, 0, 1}}},
		{"unless none ever was", own("Shed", "Sum"), [][]float64{{none, none, none}}},
		{"an average is not", own("Latency", "Average"), [][]float64{{200, none, none}}},
		{"maximum", own("Latency", "Maximum"), [][]float64{{300, none, none}}},
		{"percentile", own("Latency", "p95"), [][]float64{{300, none, none}}},
		{"unknown statistic", own("Latency", "often"), [][]float64{{none, none, none}}},
		{"metrics with dimensions are others", own("Exhausted", "Sum"), [][]float64{{none, none, none}}},
		{"a search finds each", dashboard.Search{Name: "Exhausted", Dimensions: []string{"Pool"}, Stat: "Sum"}, [][]float64{{0, 0, 4}, {0, 0, 5}}},
		{"AWS's own", dashboard.Metric{Namespace: "AWS/Lambda", Name: "Requests", Stat: "Sum"}, [][]float64{{none, none, none}}},
		{"a share of nothing is nothing", share, [][]float64{{0, none, 100}}},
		{"a sum", dashboard.Formula{Of: share.In}, [][]float64{{2, 0, 1}}},
		{"a factor that only a deployment knows", dashboard.Formula{Of: []dashboard.Term{{Factor: "${MemorySize}", Metric: own("Requests", "Sum")}}}, [][]float64{{none, none, none}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got [][]float64
			for _, l := range run(t).resolve(tt.series, time.Second) {
				got = append(got, l.values)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	svg := run(t).Draw(dashboard.CloudWatch(), "what <was> run\nand how")
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
	for _, want := range []string{"what &lt;was&gt; run", "pool_exhausted", "measured by AWS", "nothing of this was sent", "PoolExhausted", "+2s", "NaN"} {
		if strings.Contains(svg, want) == (want == "NaN") {
			t.Errorf("the picture has %q: %t", want, want == "NaN")
		}
	}
	for _, row := range dashboard.CloudWatch().Rows {
		for _, w := range row.Widgets {
			if !strings.Contains(svg, "<path") || w.Title != "" && !strings.Contains(svg, ">"+escaped(w.Title)+"<") {
				t.Errorf("the widget %q is missing", w.Title)
			}
		}
	}
}

func escaped(s string) string { return strings.ReplaceAll(s, "'", "&#39;") }

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{"no metrics": `{"msg":"hello"}`, "no JSON": "hello"} {
		if _, err := Read([]byte(lines), start, time.Second); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	var got []string
	for _, v := range []float64{0, 0.0625, 0.5, 1, 99.7, 100, 1816.4, 9999, 10_000, 2_500_000} {
		got = append(got, short(v))
	}
	want := []string{"0", "0.063", "0.5", "1", "99.7", "100", "1816", "9999", "10k", "2.5M"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	for most, want := range map[float64]float64{0: 1, 0.7: 0.8, 1: 1, 11: 15, 99: 100, 1001: 1500} {
		if got := ceiling([]line{{values: []float64{most, none}}}, dashboard.Widget{}); math.Abs(got-want) > 1e-9 {
			t.Errorf("ceiling of %v = %v, want %v", most, got, want)
		}
	}
	stacked := []line{{values: []float64{3}}, {values: []float64{3}}}
	if got := ceiling(stacked, dashboard.Widget{Stack: true}); got != 6 {
		t.Errorf("ceiling of a stack = %v, want 6", got)
	}
	if got := ceiling(stacked, dashboard.Widget{Max: 100}); got != 100 {
		t.Errorf("ceiling = %v, want the widget's 100", got)
	}
}
