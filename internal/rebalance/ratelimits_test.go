package rebalance

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseRateLimits(t *testing.T) {
	t.Parallel()
	sonnet5 := modelLimits{[]string{"claude-sonnet-5", "claude-sonnet-5-20260301"}, limits{4_000, 2_000_000, 400_000}}
	opus4 := modelLimits{[]string{"claude-opus-4-5", "claude-opus-4-5-20251101", "claude-opus-4-8"}, limits{1_000, 450_000, 0}}
	entry := func(models, limits string) string {
		return `{"data":[{"group_type":"model_group","models":` + models + `,"limits":` + limits + `}]}`
	}
	tests := []struct {
		name string
		body string
		want []modelLimits
		next string
		err  string
	}{
		{"version 2023-06-01", string(golden(t, "rate_limits_2023-06-01.json")), []modelLimits{sonnet5, opus4}, "", ""},
		{"version 2026-10-21", string(golden(t, "rate_limits_2026-10-21.json")), []modelLimits{sonnet5}, "page_2", ""},
		{"empty", `{"data":[]}`, nil, "", ""},
		{"entries of other types", `{"data":[1,null,"x",[],{}]}`, nil, "", ""},
		{"models that are none", entry(`[1,null,"",{"id":"m"},"m"]`, `[{"type":"requests_per_minute","value":5}]`), []modelLimits{{[]string{"m"}, limits{5, 0, 0}}}, "", ""},
		{"no models", entry(`null`, `[{"type":"requests_per_minute","value":5}]`), nil, "", ""},
		{"no limits", entry(`["m"]`, `null`), nil, "", ""},
		{"limits that are none", entry(`["m"]`, `[{"type":"requests_per_minute","value":0},{"type":"output_tokens_per_minute","value":-1},7]`), nil, "", ""},
		{"a number as text", entry(`["m"]`, `[{"type":"output_tokens_per_minute","value":"70"}]`), []modelLimits{{[]string{"m"}, limits{0, 0, 70}}}, "", ""},
		{"no list", `{"data":{}}`, nil, "", `the list of rate limits has no array "data"`},
		{"an error", `{"type":"error","error":{}}`, nil, "", `the list of rate limits has no array "data"`},
		{"no JSON", `<html>`, nil, "", "the list of rate limits is not valid JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, next, err := parseRateLimits([]byte(tt.body))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(modelLimits{}, limits{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text := errorText(err); next != tt.next || text != tt.err {
				t.Errorf("got next page %q and error %q, want %q and %q", next, text, tt.next, tt.err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestLowest(t *testing.T) {
	t.Parallel()
	if got := (limits{5, 0, 9}).lowest(limits{7, 3, 2}); got != (limits{5, 3, 2}) {
		t.Errorf("got %v, want the lower of two, and the one of one", got)
	}
}

func FuzzParseRateLimits(f *testing.F) {
	f.Add(golden(f, "rate_limits_2023-06-01.json"))
	f.Add(golden(f, "rate_limits_2026-10-21.json"))
	f.Add([]byte(`{"data":[{"group":"model_group","group_type":"model_group","models":["m"],"limits":[{"type":"requests_per_minute","value":1e300}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		found, _, err := parseRateLimits(body)
		if err != nil && found != nil {
			t.Errorf("entries beside error %v", err)
		}
		for _, m := range found {
			if len(m.models) == 0 || m.limits == (limits{}) || min(m.limits.requests, m.limits.input, m.limits.output) < 0 {
				t.Errorf("entry %+v says nothing, or less", m)
			}
		}
	})
}
