package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
)

// TestWhenToComeBack is what SDKs read of a refusal.
func TestWhenToComeBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		answer             transport
		seconds, ms, again string
	}{
		{"rounded up, and exactly", refusing(429, http.Header{"Retry-After-Ms": {"7200"}}, slowDown), "8", "7200", "true"},
		{"a second at least", refusing(429, http.Header{"Retry-After-Ms": {"30"}}, slowDown), "1", "1000", "true"},
		{"as long as SDKs wait", refusing(429, http.Header{"Retry-After": {"60"}}, slowDown), "60", "60000", "true"},
		{"longer: the truth, and no retry", refusing(429, http.Header{"Retry-After": {"61"}}, slowDown), "61", "61000", "false"},
		{"never", refusing(400, nil, `{"error":{"message":"no"}}`), "", "", "false"},
		{"some time", refusing(500, nil, `{}`), "", "", "true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // in which no time passes
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer})
				h := p.post(t.Context(), hello).Header()
				if h.Get("Retry-After") != tt.seconds || h.Get("Retry-After-Ms") != tt.ms || h.Get("X-Should-Retry") != tt.again {
					t.Errorf("retry-after %q, -ms %q, x-should-retry %q; want %q, %q, %q",
						h.Get("Retry-After"), h.Get("Retry-After-Ms"), h.Get("X-Should-Retry"), tt.seconds, tt.ms, tt.again)
				}
			})
		})
	}
}

// TestClientsFaults have a code that clients can branch on and the provider's own
// words, and name the model that is not there.
func TestClientsFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		answer     transport
		status     int
		code, says string
	}{
		{"without a code", refusing(400, nil, `{"error":{"message":"temperature is too hot","type":"invalid_request_error","param":null,"code":null}}`), 400, "invalid_request", "temperature is too hot"},
		{"with one", refusing(400, nil, `{"error":{"message":"too hot","type":"invalid_request_error","param":null,"code":"hot"}}`), 400, "hot", "too hot"},
		{"no such model", refusing(404, nil, `{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"model_not_found"}}`), 404, "model_not_found", `\"m\"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer}).post(t.Context(), hello)
			wantAnswer(t, w.Code, w.Body.String(), tt.status, tt.code)
			if !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s does not say %s", w.Body, tt.says)
			}
		})
	}
}

// TestUnsupportedParameters: what one target would leave out another may honour,
// and a route may want all or nothing.
func TestUnsupportedParameters(t *testing.T) {
	t.Parallel()
	body := strings.Replace(hello, `{`, `{"seed":5,"logit_bias":{"5":1},`, 1)
	reject := func(d *config.Config) {
		d.Models["*"] = config.Route{Targets: d.Models["*"].Targets, Unsupported: config.UnsupportedReject}
	}
	calls := 0
	claude := upstreamOf{name: "claude", keys: []string{"k1"}, dialect: anthropic.New(anthropic.Config{}), answer: counted(&calls, saying(aMessage))}
	gpt := upstreamOf{name: "gpt", keys: []string{"k2"}, answer: saying(okBody)}

	w := newInProcessOf(t, reject, claude).post(t.Context(), body)
	wantAnswer(t, w.Code, w.Body.String(), 400, "unsupported_parameter")
	if calls != 0 || !strings.Contains(w.Body.String(), "seed") || !strings.Contains(w.Body.String(), "logit_bias") {
		t.Errorf("%s after %d calls, want both names and no call", w.Body, calls)
	}
	w = newInProcessOf(t, reject, claude, gpt).post(t.Context(), body)
	if w.Code != 200 || w.Header().Get("X-Fallow-Target") != "gpt/m" || w.Header().Get("X-Fallow-Dropped-Params") != "" {
		t.Errorf("%d %v, want 200 from the target that honours them", w.Code, w.Header())
	}
	if w := newInProcessOf(t, reject, claude).post(t.Context(), hello); w.Code != 200 {
		t.Errorf("%s, want a request without such parameters served", w.Body)
	}
}
