package emftest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
)

// at is the timestamp of the specification's example.
var at = time.UnixMilli(1574109732004).UTC()

// published is the specification's example.
const published = `{
  "_aws": {"Timestamp": 1574109732004, "CloudWatchMetrics": [{
    "Namespace": "lambda-function-metrics", "Dimensions": [["functionVersion"]],
    "Metrics": [{"Name": "time", "Unit": "Milliseconds", "StorageResolution": 60}]}]},
  "functionVersion": "$LATEST", "time": 100, "requestId": "989ffbf8-9ace-4817-a57c-e4dd734019ee"}`

func oneLine(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", " ")) }

func TestPublishedExample(t *testing.T) {
	t.Parallel()
	got, err := emftest.Parse(oneLine(published), at)
	if err != nil {
		t.Fatal(err)
	}
	want := emftest.Document{
		Members: map[string]any{"functionVersion": "$LATEST", "time": 100.0, "requestId": "989ffbf8-9ace-4817-a57c-e4dd734019ee"},
		Data: []emftest.Datum{{Namespace: "lambda-function-metrics", Name: "time", Unit: "Milliseconds",
			Dimensions: map[string]string{"functionVersion": "$LATEST"}, Values: []float64{100}, At: at}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

// TestEverySetIsAMetric: two dimension sets are two metrics, and are paid for as such.
func TestEverySetIsAMetric(t *testing.T) {
	t.Parallel()
	got, err := emftest.Parse(document(`"Namespace":"n","Dimensions":[[],["a"],["a","b"]],"Metrics":[{"Name":"m"},{"Name":"n"}]`,
		`"a":"1","b":"2","m":[1,2.5],"n":-1e3`), at)
	if err != nil || len(got.Data) != 6 {
		t.Fatalf("%d data, %v; want 6", len(got.Data), err)
	}
	if d := got.Data[2]; d.Unit != "None" || !cmp.Equal(d.Values, []float64{1, 2.5}) || !cmp.Equal(d.Dimensions, map[string]string{"a": "1", "b": "2"}) {
		t.Errorf("got %+v", d)
	}
}

func TestLogLine(t *testing.T) {
	t.Parallel()
	got, err := emftest.Parse([]byte(`{"msg":"hello","n":null}`), at)
	if err != nil || got.Data != nil || got.Members["msg"] != "hello" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// document is a line with one directive and those members beside it.
func document(directive, members string) []byte {
	return fmt.Appendf(nil, `{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{%s}]},%s}`, at.UnixMilli(), directive, members)
}

// list repeats a JSON text.
func list(n int, each func(int) string) string {
	var out []string
	for i := range n {
		out = append(out, each(i))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const good = `"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"m","Unit":"Count"}]`
	directive := func(old, fresh string) []byte {
		return document(strings.Replace(good, old, fresh, 1), `"d":"v","m":1`)
	}
	members := func(s string) []byte { return document(good, s) }
	tests := []struct {
		name string
		line []byte
		says string
	}{
		{"no object", []byte(`[1]`), "no JSON object"},
		{"nothing", nil, "no JSON object"},
		{"broken", []byte(`{"a":1,}`), "root"},
		{"broken value", []byte(`{"a":tru}`), "root"},
		{"without an end", []byte(`{"a":1`), "does not end"},
		{"two objects", []byte(`{} {}`), "followed by something else"},
		{"line break", []byte("{\n}"), "line break"},
		{"too long", []byte(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`), "at most"},
		{"member twice", []byte(`{"a":1,"a":2}`), `member "a" twice`},
		{"metadata is no object", []byte(`{"_aws":1}`), "_aws is no JSON object"},
		{"no timestamp", []byte(`{"_aws":{"CloudWatchMetrics":[]}}`), "_aws has no Timestamp"},
		{"no directives", []byte(`{"_aws":{"Timestamp":1574109732004}}`), "_aws has no CloudWatchMetrics"},
		{"directives are null", []byte(`{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":null}}`), "null, not an array"},
		{"empty directives", []byte(`{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[]}}`), "has 0 elements"},
		{"timestamp with a fraction", []byte(`{"_aws":{"Timestamp":1574109732004.5,"CloudWatchMetrics":[]}}`), "_aws.Timestamp"},
		{"timestamp in seconds", []byte(`{"_aws":{"Timestamp":1574109732,"CloudWatchMetrics":[]}}`), "does not take"},
		{"timestamp of tomorrow", fmt.Appendf(nil, `{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[]}}`, at.Add(24*time.Hour).UnixMilli()), "does not take"},
		{"more metadata", []byte(`{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[],"LogGroupName":"g"}}`), `"LogGroupName"`},

		{"no namespace", directive(`"Namespace":"n",`, ``), "has no Namespace"},
		{"empty namespace", directive(`"n"`, `""`), "Namespace has 0 characters"},
		{"long namespace", directive(`"n"`, `"`+strings.Repeat("n", 256)+`"`), "Namespace has 256 characters"},
		{"AWS's namespace", directive(`"n"`, `"AWS/Lambda"`), "begins with AWS/"},
		{"namespace is null", directive(`"n"`, `null`), "Namespace is null"},
		{"namespace is a number", directive(`"n"`, `1`), "Namespace json"},
		{"more in a directive", directive(`"Namespace"`, `"Extra":1,"Namespace"`), `"Extra"`},
		{"no dimension sets", directive(`[["d"]]`, `[]`), "Dimensions has 0 elements"},
		{"set is no array", directive(`["d"]`, `"d"`), "Dimensions[0]"},
		{"31 dimensions", directive(`["d"]`, list(31, func(i int) string { return fmt.Sprintf(`"d%d"`, i) })), "has 31 elements"},
		{"dimension twice", directive(`["d"]`, `["d","d"]`), `"d" a second time`},
		{"dimension is nowhere", directive(`["d"]`, `["e"]`), `refers to "e"`},
		{"dimension without a name", directive(`["d"]`, `[""]`), "has 0 characters"},
		{"dimension is a number", members(`"d":1,"m":1`), "d json"},
		{"dimension is empty", members(`"d":"","m":1`), "d has 0 characters"},
		{"dimension is long", members(`"d":"` + strings.Repeat("x", 1025) + `","m":1`), "d has 1025 characters"},
		{"dimension is blank", members(`"d":"  ","m":1`), "blank"},
		{"dimension is not ASCII", members(`"d":"ü","m":1`), "ASCII"},
		{"dimension begins with a colon", members(`"d":":x","m":1`), "colon"},

		{"no metrics", directive(`[{"Name":"m","Unit":"Count"}]`, `[]`), "Metrics has 0 elements"},
		{"101 metrics", directive(`[{"Name":"m","Unit":"Count"}]`, list(101, func(i int) string { return fmt.Sprintf(`{"Name":"m%d"}`, i) })), "has 101 elements"},
		{"metric without a name", directive(`"Name":"m",`, ``), "has no Name"},
		{"metric twice", directive(`"Count"}`, `"Count"},{"Name":"m"}`), `"m" a second time`},
		{"metric is nowhere", members(`"d":"v"`), `refers to "m"`},
		{"unit in lower case", directive(`"Count"`, `"count"`), `"count", which is no unit`},
		{"other resolution", directive(`"Count"`, `"Count","StorageResolution":30`), "must be 1 or 60"},
		{"more in a metric", directive(`"Count"`, `"Count","Type":"x"`), `"Type"`},
		{"metric is a text", members(`"d":"v","m":"1"`), "must be a number"},
		{"metric is null", members(`"d":"v","m":null`), "must be a number"},
		{"metric is nested", members(`"d":"v","m":{"n":1}`), "must be a number"},
		{"metric has no values", members(`"d":"v","m":[]`), "m has 0 elements"},
		{"metric has 101 values", members(`"d":"v","m":` + list(101, func(int) string { return "1" })), "m has 101 elements"},
		{"metric has a text among its values", members(`"d":"v","m":[1,"2"]`), "must be a number"},
		{"metric is beyond all measure", members(`"d":"v","m":1e200`), "more than CloudWatch keeps"},
	}
	if _, err := emftest.Parse(members(`"d":"v","m":1`), at); err != nil {
		t.Fatalf("the good line has faults: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := emftest.Parse(tt.line, at); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q in it", err, tt.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(oneLine(published))
	f.Add([]byte(`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"_aws"}]}]}}`))
	f.Add([]byte(`{"_aws":[],"a":`))
	f.Fuzz(func(t *testing.T, line []byte) {
		doc, err := emftest.Parse(line, at)
		if err != nil {
			return
		}
		for _, d := range doc.Data {
			if d.Name == "" || d.Namespace == "" || len(d.Values) == 0 || len(d.Values) > 100 {
				t.Errorf("taken for good: %+v from %q", d, bytes.TrimSpace(line))
			}
		}
	})
}
