// Command generate writes the dashboards into template.yaml and docs/grafana.
// It runs in the repository's root, by `make dashboard`.
package main

import (
	"fmt"
	"os"

	"github.com/fallow-dev/fallow/internal/dashboard"
)

func main() {
	if err := run("template.yaml", "docs/grafana/fallow.json"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(template, grafana string) error {
	text, err := os.ReadFile(template)
	if err != nil {
		return err
	}
	spliced, err := dashboard.Splice(string(text), dashboard.CloudWatch())
	if err != nil {
		return fmt.Errorf("%s: %w", template, err)
	}
	panels, err := dashboard.GrafanaJSON(dashboard.Grafana())
	if err != nil {
		return err
	}
	if err := os.WriteFile(template, []byte(spliced), 0o644); err != nil {
		return err
	}
	return os.WriteFile(grafana, append(panels, '\n'), 0o644)
}
