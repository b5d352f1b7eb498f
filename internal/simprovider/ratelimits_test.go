package simprovider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// readLimits asks for an organisation's limits and returns the first entry that
// has the model.
func readLimits(t *testing.T, p *Provider, key, version, query, model string) (status int, found rateLimit, n int) {
	t.Helper()
	r := newRequest(t.Context(), http.MethodGet, "http://sim/v1/organizations/rate_limits"+query, key, "")
	r.Header.Set("x-api-key", key)
	r.Header.Set("anthropic-version", version)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	var page struct{ Data []rateLimit }
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	for _, entry := range page.Data {
		for _, m := range entry.Models {
			if m == model {
				found = entry
			}
		}
	}
	if w.Code == http.StatusOK && w.Header().Get("anthropic-organization-id") == "" {
		t.Error("the answer does not say whose limits these are")
	}
	return w.Code, found, len(page.Data)
}

func TestRateLimitsAPI(t *testing.T) {
	t.Parallel()
	orgs := Organisations(2, 1, Roomy)
	orgs[1].Families = map[string]Limits{"claude-opus-4.x": {Requests: 50, InputTokens: 30_000}}
	p := New(Config{Organisations: orgs, Now: newClock().Now})
	tests := []struct {
		name, key, version, query, model string
		status, entries                  int
		limits                           []limitOfType
	}{
		{"a key that generates", "sim-key-1", "2023-06-01", "", "", 401, 0, nil},
		{"no organisation's", AdminKey("org-9"), "2023-06-01", "", "", 401, 0, nil},
		{"the limits of all", AdminKey("org-1"), "2023-06-01", "", "claude-sonnet-5", 200, 9, []limitOfType{
			{"requests_per_minute", 5_000}, {"input_tokens_per_minute_cache_aware", 5_000_000}, {"output_tokens_per_minute", 1_000_000}}},
		{"a family's own", AdminKey("org-2"), "2026-10-21", "?group_type=model_group", "claude-opus-4-5-20251101", 200, 9, []limitOfType{
			{"requests_per_minute", 50}, {"input_tokens_per_minute_cache_aware", 30_000}}},
		{"another surface", AdminKey("org-1"), "2023-06-01", "?group_type=batch", "claude-sonnet-5", 200, 0, nil},
		{"no surface", AdminKey("org-1"), "2023-06-01", "?group_type=tea", "", 400, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, got, n := readLimits(t, p, tt.key, tt.version, tt.query, tt.model)
			if status != tt.status || n != tt.entries || len(got.Limits) != len(tt.limits) {
				t.Fatalf("got %d, %d entries, %+v; want %d, %d, %+v", status, n, got.Limits, tt.status, tt.entries, tt.limits)
			}
			for i, want := range tt.limits {
				if got.Limits[i] != want {
					t.Errorf("limit %d: got %+v, want %+v", i, got.Limits[i], want)
				}
			}
			if newer := tt.version > "2026"; status == 200 && n > 0 && (newer != (got.Group != nil) || newer != (got.Kind == "")) {
				t.Errorf("entry %+v is not of API version %s", got, tt.version)
			}
		})
	}
}

func TestRateLimitsFollowFaults(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(1, 1, Roomy), Now: newClock().Now})
	p.Inject(Fault{Effect: fault.Shrink, Factor: 0.5})
	if _, got, _ := readLimits(t, p, AdminKey("org-1"), "2023-06-01", "", "claude-sonnet-5"); got.Limits[0].Value != 2_500 {
		t.Errorf("got %+v, want half of 5000 requests", got.Limits)
	}
}
