package storm

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// TestFleet runs the Lambda function in three environments, over a server that
// runs already and over one of its own, with the table away for a while.
func TestFleet(t *testing.T) {
	t.Parallel()
	function := filepath.Join(t.TempDir(), "bootstrap")
	if out, err := exec.Command("go", "build", "-o", function, "github.com/fallow-dev/fallow/functions/gateway").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	text := strings.NewReplacer("per_second: 3", "per_second: 0.5", "count: 9", "count: 2", "length: 30s", "length: 24s", "store_outages:\n  - {at: 20s", "store_outages:\n  - {at: 18s").Replace(small)
	tests := []struct {
		name string
		cfg  FleetConfig
	}{
		{"given table", FleetConfig{DynamoDB: dynamotest.Start(t).Endpoint()}},
		{"own table", FleetConfig{Emulator: filepath.Join("..", "..", ".tools", "dynoxide", "bin", "dynoxide")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Environments, tt.cfg.Function = 8, function
			r, err := Run(t.Context(), Config{Scenario: load(t, text), Seed: 1, Compress: 5, Contestants: []Contestant{Fleet(tt.cfg)}})
			if err != nil {
				t.Fatal(err)
			}
			c := r.Contestants[0]
			if c.Outcomes[Answered] != r.Requests || !strings.Contains(c.About, "8 Lambda environments") {
				t.Errorf("%+v: %v", c.Summary, c.Problems)
			}
		})
	}
}

func TestFleetNeedsAFunction(t *testing.T) {
	t.Parallel()
	cfg := FleetConfig{Environments: 2, Function: "/nowhere/bootstrap", DynamoDB: dynamotest.Start(t).Endpoint()}
	_, err := Run(t.Context(), Config{Scenario: load(t, small), Contestants: []Contestant{Fleet(cfg)}})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/bootstrap") {
		t.Errorf("got %v", err)
	}
}
