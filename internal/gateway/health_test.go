package gateway_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
)

// TestReadinessTellsTheDocument in force: to operators only, and anew each time.
func TestReadinessTellsTheDocument(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	now := gateway.InForce{Source: "file", Since: at}
	g, err := gateway.New(gateway.Config{
		Document: &config.Config{Clients: config.Clients{Auth: "none"}}, LocalAdmin: true,
		InForce: func() gateway.InForce { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	ready := func(from string) string {
		r, w := httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil), httptest.NewRecorder()
		r.Host, r.RemoteAddr = "127.0.0.1:8080", from
		g.ServeHTTP(w, r)
		return regexp.MustCompile(`\s`).ReplaceAllString(w.Body.String(), "")
	}
	for _, want := range []string{
		`"config":{"source":"file","since":"2026-11-22T09:00:00Z"}`,
		`"config":{"source":"table","revision":7,"hash":"0123456789ab","applied":"2026-11-22T10:00:00Z","since":"2026-11-22T11:00:00Z"}`,
	} {
		if got := ready("127.0.0.1:1"); !strings.Contains(got, want) {
			t.Errorf("an operator was told %s, want %s in it", got, want)
		}
		if diff := cmp.Diff(`{"ready":true}`, ready("203.0.113.9:1")); diff != "" {
			t.Errorf("what a stranger is told (-want +got):\n%s", diff)
		}
		now = gateway.InForce{Source: "table", Revision: 7, Hash: "0123456789ab", Applied: at.Add(time.Hour), Since: at.Add(2 * time.Hour)}
	}
}
