//go:build e2e && bench

package endtoend

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

var (
	rounds = flag.Int("rounds", 300, "measure so many warm `requests` of each kind")
	starts = flag.Int("starts", 20, "measure so many cold `starts` of each kind")
)

// memorySizes are those whose processors are measured, in MB; 0 is one without
// a limit.
var memorySizes = []int{128, 256, 512, 0}

const (
	// What the simulated provider does with a prompt whose last line this is.
	pacedLine  = "Take your time."
	pacedFirst = 100 * time.Millisecond
	pacedTotal = 150 * time.Millisecond
)

// TestOnLambda prints what the gateway function takes for its start and adds to
// requests, with the processor that each size of memory comes with. It needs
// control groups. Only failures of requests are judged: speed belongs in
// docs/benchmarks, machines differ.
func TestOnLambda(t *testing.T) {
	groups, err := cgroup.Find(cgroup.Root)
	if err != nil {
		t.Fatal(err)
	}
	r := surround(t, simprovider.Config{
		// Nothing is short, and limits are told all the same, as by real providers.
		Organisations: organisations(4, simprovider.Limits{Requests: 1 << 30, InputTokens: 1 << 40, OutputTokens: 1 << 40}),
		Script:        pace,
	}, dynamotest.Start(t))
	fmt.Printf("Load average before: %s\n\n", loadAverage())
	t.Run("Starts", func(t *testing.T) { r.printStarts(t, groups) })
	t.Run("Packages", r.printPackages)
	t.Run("First", func(t *testing.T) { r.printFirstRequests(t, groups) })
	t.Run("Warm", func(t *testing.T) { r.printWarm(t, groups) })
	fmt.Printf("Load average after: %s\n", loadAverage())
}

func pace(line string) (simprovider.Part, bool) {
	if line == pacedLine {
		return simprovider.Part{FirstToken: pacedFirst, Total: pacedTotal, Tokens: 60}, true
	}
	return simprovider.Part{Tokens: 60}, true
}

// sizeName is a row's first cell.
func sizeName(memory int) string {
	if memory == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d MB", memory)
}

// limitedTo gives an environment the processor of that much memory. boost is
// its start's; zero means no limit.
func limitedTo(groups *cgroup.Hierarchy, memory int, boost float64) func(*lambdabed.Config) {
	return func(c *lambdabed.Config) {
		c.MemorySize = memory
		c.CPU = lambdabed.CPU{Groups: groups, Share: lambdabed.ShareOf(memory), Init: boost}
	}
}

func loadAverage() string {
	load, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(load) + " - - -")[:3], " ")
}

// spread is a list of durations as cells: their quantiles in milliseconds.
func spread(took []time.Duration, quantiles ...int) string {
	if len(took) == 0 {
		return "–"
	}
	took = slices.Sorted(slices.Values(took))
	var cells []string
	for _, q := range quantiles {
		cells = append(cells, fmt.Sprintf("%.1f", took[(len(took)-1)*q/100].Seconds()*1000))
	}
	return strings.Join(cells, " / ")
}
