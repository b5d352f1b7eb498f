package simprovider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func steer(p *Provider, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	w := steer(p, http.MethodPost, "/_sim/faults", `{"effect":"stuck","key":"sim-key-1","for":"20m","retry_after":"7s"}`)
	id := gjson.Get(w.Body.String(), "id").Str
	if w.Code != 200 || id == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got := ask(p, messagesPath, "sim-key-1", haiku).Header().Get("retry-after"); got != "7" {
		t.Errorf("retry-after %q, want 7", got)
	}
	if got := gjson.Get(steer(p, http.MethodGet, "/_sim/faults", "").Body.String(), "0.for").Str; got != "20m0s" {
		t.Errorf("listed for %q, want 20m0s", got)
	}
	if w := steer(p, http.MethodDelete, "/_sim/faults?id="+id, ""); w.Code != 200 {
		t.Errorf("delete: %d", w.Code)
	}
	if w := steer(p, http.MethodDelete, "/_sim/faults?id="+id, ""); w.Code != 404 {
		t.Errorf("delete again: %d, want 404", w.Code)
	}
	if w := steer(p, http.MethodDelete, "/_sim/faults", ""); w.Code != 200 {
		t.Errorf("delete all when there are none: %d, want 200", w.Code)
	}
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 200 {
		t.Errorf("%d after all faults were deleted", w.Code)
	}
}

func TestControlKeys(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	w := steer(p, http.MethodPost, "/_sim/keys", `{"accept":[{"organisation":"org-1","key":"new"}],"revoke":["sim-key-1"]}`)
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if old, fresh := ask(p, messagesPath, "sim-key-1", haiku).Code, ask(p, messagesPath, "new", haiku).Code; old != 401 || fresh != 200 {
		t.Errorf("old key %d, new key %d; want 401 and 200", old, fresh)
	}
}

func TestControlStatsAndReset(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	ask(p, messagesPath, "sim-key-1", haiku)
	var s Stats
	if err := json.Unmarshal(steer(p, http.MethodGet, "/_sim/stats", "").Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Keys["sim-key-1"].Answered != 1 || s.Organisations["org-1"].MaxInFlight != 1 {
		t.Errorf("stats %+v", s)
	}
	if w := steer(p, http.MethodPost, "/_sim/reset", ""); w.Code != 200 || p.Stats().Total().Requests != 0 {
		t.Errorf("reset: %d, %+v", w.Code, p.Stats().Total())
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, body, want string }{
		{"misspelt field", "/_sim/faults", `{"efect":"stuck"}`, "efect"},
		{"unknown effect", "/_sim/faults", `{"effect":"meteor"}`, `unknown effect "meteor"`},
		{"unknown organisation", "/_sim/keys", `{"accept":[{"organisation":"x","key":"k"}]}`, `"x"`},
		{"not JSON", "/_sim/keys", `x`, "invalid character"},
		{"too much", "/_sim/keys", `{"revoke":["` + strings.Repeat("x", maxControl) + `"]}`, "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := steer(New(Config{}), http.MethodPost, tt.path, tt.body)
			if w.Code != 400 || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s, want 400 with %q", w.Code, w.Body, tt.want)
			}
		})
	}
}
