package gateway_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

func TestPriority(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                 string
		client, route, asked string
		batch                bool
	}{
		{"nobody says", "", "", "", false},
		{"the request lowers itself", "", "", "batch", true},
		{"the route's default", "", "batch", "", true},
		{"the request knows better than the route", "", "batch", "interactive", false},
		{"a batch client", "batch", "", "", true},
		{"a batch client cannot raise itself", "batch", "interactive", "interactive", true},
		{"an interactive client is no more than that", "interactive", "batch", "", true},
		{"an interactive client may lower itself", "interactive", "interactive", "batch", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcessOf(t, func(d *config.Config) {
				d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT", Priority: tt.client}}}
				d.Models["*"] = config.Route{Targets: d.Models["*"].Targets, Priority: tt.route}
			}, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
			p.secrets.values["BOT"] = "bot-token"
			headers := []string{"Authorization", "Bearer bot-token"}
			if tt.asked != "" {
				headers = append(headers, "X-Fallow-Priority", tt.asked)
			}
			if w := p.do(t.Context(), "POST", "/v1/chat/completions", hello, headers...); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if got := p.only(t).Batch; got != tt.batch {
				t.Errorf("batch = %v, want %v", got, tt.batch)
			}
		})
	}
}

func TestUnknownPriority(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
	for _, text := range []string{"high", "Batch", "batch,interactive"} {
		w := p.do(t.Context(), "POST", "/v1/chat/completions", hello, "X-Fallow-Priority", text)
		wantAnswer(t, w.Code, w.Body.String(), 400, "invalid_priority")
	}
}
