package dashboard_test

import (
	"os"
	"testing"

	"github.com/fallow-dev/fallow/internal/dashboard"
)

func TestFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := dashboard.Splice(string(template), dashboard.CloudWatch())
	if err != nil || want != string(template) {
		t.Errorf("template.yaml has another dashboard (%v); run: make dashboard", err)
	}
	grafana, err := os.ReadFile("../../docs/grafana/fallow.json")
	if err != nil {
		t.Fatal(err)
	}
	made, err := dashboard.GrafanaJSON(dashboard.Grafana())
	if err != nil || string(made)+"\n" != string(grafana) {
		t.Errorf("docs/grafana/fallow.json is another dashboard (%v); run: make dashboard", err)
	}
}
