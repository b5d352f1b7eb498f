package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/storm"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// result is of two contestants, of which one has all that can be shown.
func result(t *testing.T) *storm.Result {
	t.Helper()
	s, err := scenarios.Load("stuck-key")
	if err != nil {
		t.Fatal(err)
	}
	dollars := 1.25
	quantiles := make([]float64, 101)
	for i := range quantiles {
		quantiles[i] = 0.5 + float64(i)/10
	}
	return &storm.Result{
		Schema: storm.Schema, Began: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Version: "v1", Scenario: s, Seed: 7, Compress: 10,
		Machine: storm.Machine{System: "linux/amd64", Processors: 2, Go: "go1.26"}, Warning: "Compressed.", Requests: 4,
		Ideal: &storm.Report{Name: "ideal", Summary: storm.Summary{Ended: 4, Accepted: 4, Outcomes: map[storm.Outcome]int{storm.Answered: 4}, UpstreamCalls: 4, Makespan: 70}},
		Contestants: []storm.Report{
			{Name: "one-key", About: "no gateway", Step: 60, Latencies: quantiles, Bins: []storm.Bin{{Arrived: 4, Answered: 1, Clients: 5, Upstream: 5}},
				Problems: map[string]int{"429 <Too> Many " + strings.Repeat("x", 200): 2, "529": 1},
				Summary: storm.Summary{Ended: 4, Outcomes: map[storm.Outcome]int{storm.Answered: 1, storm.Limited: 2, storm.Overloaded: 1},
					Client429s: 5, Saw429: 3, Upstream429s: 5, UpstreamCalls: 9, Latency: storm.Quantiles{P50: 2, P95: 100.4, P99: 0.0301}}},
			{Name: "fallow", About: "a pool", Step: 60, Latencies: quantiles, Waits: quantiles, Bins: []storm.Bin{{Arrived: 4}, {Answered: 4}},
				Keys:    []storm.KeyReport{{Name: "sim-key-1", Organisation: 1, Usage: []float64{0.2, 1.5}, Refused: []int{1, 0}}, {Name: "sim-key-2", Organisation: 1, Usage: []float64{0, 0}, Refused: []int{0, 0}}},
				Bands:   []*storm.Band{{Key: "key-2", From: 10, To: 70, Why: "rate_limit", Quarantine: true}, {Key: "key-1", From: 0, To: 1, Why: "overload"}},
				Summary: storm.Summary{Ended: 4, Accepted: 4, Outcomes: map[storm.Outcome]int{storm.Answered: 4}, UpstreamCalls: 5, Wasted: 1, Makespan: 77, Dollars: &dollars}},
		},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := result(t)
	r.Interrupted, r.Serial = true, true
	if err := Text(&out, r); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/storm.txt", []byte(out.String()))
}

// TestGoals: each verdict can be seen in the table and on the page.
func TestGoals(t *testing.T) {
	t.Parallel()
	r := result(t)
	r.Compress = 1
	r.Verdicts = []storm.Verdict{{Goal: "calls wasted", AtMost: 2, Got: 1, Met: true}, {Goal: "% abandoned", AtMost: 0, Got: 2.5}}
	var text, page strings.Builder
	if err := errors.Join(Text(&text, r), HTML(&page, r)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"| calls wasted    | 2.00    | 1.00 | yes |", "| % abandoned     | 0       | 2.50 | NO  |"} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("%q is not in\n%s", line, text.String())
		}
	}
	for _, part := range []string{`<td>calls wasted</td><td>2.00</td><td>1.00</td><td><b class="good">met</b>`, `<b class="bad">missed</b>`} {
		if !strings.Contains(page.String(), part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	r.Compress, r.Verdicts = 10, nil
	page.Reset()
	if err := HTML(&page, r); err != nil || !strings.Contains(page.String(), "not judged: time ran x10") {
		t.Errorf("%v: a compressed run does not say that it was not judged", err)
	}
	r.Scenario.Goals = scenarios.Goals{}
	text.Reset()
	if err := Text(&text, r); err != nil || strings.Contains(text.String(), "goal") {
		t.Errorf("%v: goals are mentioned where there are none:\n%s", err, text.String())
	}
}

// TestPage: the page is well-formed, shows all there is, and asks for nothing.
func TestPage(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := HTML(&out, result(t)); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, never := range []string{"http://", "https://", "<script", "<link", "src=", "@import", "url(", "<Too>", "ZgotmplZ", "NaN"} {
		if strings.Contains(text, never) {
			t.Errorf("the page has %q in it", never)
		}
	}
	for _, always := range []string{"prefers-color-scheme: dark", "width=device-width", "Compressed.", "in quarantine (rate limit)", "Fallow lets it rest", "2 keys, 1 organisation", "429 &lt;Too&gt;"} {
		if !strings.Contains(text, always) {
			t.Errorf("the page lacks %q", always)
		}
	}
	golden.Check(t, "testdata/structure.txt", []byte(structure(t, text)))
}

// structure lists the page's elements that make it what it is, with the
// numbers of the plots' shapes.
func structure(t *testing.T, page string) string {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var out strings.Builder
	shapes := 0
	for {
		token, err := dec.Token()
		if err != nil {
			break
		}
		switch x := token.(type) {
		case xml.StartElement:
			switch x.Name.Local {
			case "h1", "h2", "h3", "svg", "table", "section":
				out.WriteString(x.Name.Local + " ")
			case "path", "rect", "circle":
				shapes++
			}
		case xml.EndElement:
			if x.Name.Local == "svg" {
				out.WriteString(strings.Repeat("#", min(shapes, 60)) + "\n")
				shapes = 0
			}
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" && len(s) < 30 && shapes == 0 {
				out.WriteString(s + "\n")
			}
		}
	}
	return out.String()
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	want := result(t)
	if err := JSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got storm.Result
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != "fallow-storm/1" || got.Contestants[1].Keys[0].Usage[1] != 1.5 || *got.Contestants[1].Dollars != 1.25 || got.Contestants[0].Outcomes[storm.Limited] != 2 {
		t.Errorf("it came back as %+v", got)
	}
}
