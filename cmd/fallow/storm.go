package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fallow-dev/fallow/internal/storm"
	stormreport "github.com/fallow-dev/fallow/internal/storm/report"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// stormCmd measures gateways on one morning.
type stormCmd struct {
	Scenario string `arg:"" placeholder:"SCENARIO|FILE" help:"A ready scenario (see below) or a file of that form."`

	Target   string   `placeholder:"URL" help:"Drive the gateway at this base URL (without /v1) instead of Fallow and its simulated provider."`
	Key      string   `placeholder:"ENV" help:"Variable that holds the client key for --target and --peer."`
	Peer     []string `placeholder:"NAME=URL" help:"Another gateway beside Fallow. Its simulated provider listens at --peer-provider, the next one a port higher."`
	Header   []string `placeholder:"NAME=HEADER:VALUE" help:"Header for the requests to a peer, or to 'target'; @FILE as value reads a file."`
	Provider string   `name:"peer-provider" default:"127.0.0.1:9191" placeholder:"ADDR" help:"Where the simulated provider of the first peer listens (${default})."`
	Baseline []string `default:"one-key,queue" placeholder:"NAMES" help:"Run beside it: one-key, queue; 'none' for neither (${default})."`

	Environments int    `placeholder:"N" help:"Run Fallow as N Lambda environments over a DynamoDB emulator instead of one process."`
	Function     string `placeholder:"FILE" help:"The gateway function, built for this machine; bin/lambda-ARCH/gateway/bootstrap if it is left out."`
	DynamoDB     string `name:"dynamodb" placeholder:"URL" help:"DynamoDB-compatible server to use; one is started if it is left out."`

	Compress float64 `default:"1" placeholder:"N" help:"Run N times as fast as the clock. A preview: see below (${default})."`
	Seed     int64   `default:"1" help:"Decides sizes, moments and chances (${default})."`
	Serial   bool    `help:"One contestant after the other, where they would take the machine from each other."`
	Out      string  `placeholder:"DIR" help:"Write storm.json and storm.html there."`
	Check    bool    `help:"Fail when Fallow misses a goal of the scenario, or cannot be judged by them."`
	JSON     bool    `name:"json" help:"Print the result as JSON instead of a table."`
	Verbose  bool    `help:"Show Fallow's own log."`
}

// Help is what --help shows above the flags.
func (stormCmd) Help() string {
	return `Drives a morning against gateways over real HTTP and shows what their clients
and the provider behind them saw. Each contestant has a simulated provider of its
own with true token buckets, made from the same seed: all meet the same requests.

Scenarios: ` + strings.Join(scenarios.Names(), ", ") + `.

  fallow storm morning                          16 minutes, Fallow beside one key and a queue
  fallow storm morning --compress 10            a preview in 100 s
  fallow storm stuck-key --environments 40      on Lambda environments
  fallow storm tight --peer litellm=http://127.0.0.1:4000 --key LITELLM_KEY
  fallow storm my-morning.yaml --target https://gateway.example.com --key TOKEN

Each scenario states goals for Fallow; the report says which were met, and --check
makes a missed one a failure. They are for the uncompressed run. The row 'ideal' is
one queue that sees every bucket, computed and not run.

A peer is told of its provider before: its keys are sim-key-1, sim-key-2 and so on.

Compression lets the scenario's time run faster: provider, clients, queue and wait
budget keep pace. Retry-after in whole seconds and the gateways' own constants do
not, and a bucket holds less than the minute that its limits are for. Measure
with 1; what is lost above it is part of every report.

Ctrl-C ends the run and reports what there is.`
}

// Run runs the storm.
func (c *stormCmd) Run(t *terminal) error {
	scenario, err := scenarios.Load(c.Scenario)
	if err != nil {
		return err
	}
	if !(c.Compress >= 1) { // 0 would be the default of package storm
		return fmt.Errorf("--compress %v: want 1 to 100", c.Compress)
	}
	all, err := c.contestants(t)
	if err != nil {
		return err
	}
	line := newLine(t.stderr)
	result, err := storm.Run(t.ctx, storm.Config{
		Scenario: scenario, Contestants: all, Serial: c.Serial, Seed: c.Seed, Compress: c.Compress,
		Progress: func(p storm.Progress) { line.show(p.String()) },
	})
	line.end()
	if err != nil {
		return err
	}
	result.Version = buildVersion()
	if err := c.deliver(t, result); err != nil || !c.Check {
		return err
	}
	return check(result)
}

// check is an error unless Fallow has met all goals.
func check(r *storm.Result) error {
	if why := r.Unjudged(); why != "" {
		return fmt.Errorf("the goals of %s were not judged: %s", r.Scenario.Name, why)
	}
	if n := r.Missed(); n > 0 {
		return fmt.Errorf("%d of %d goals of %s were missed", n, len(r.Verdicts), r.Scenario.Name)
	}
	return nil
}

// deliver prints the result, and writes it where it is wanted.
func (c *stormCmd) deliver(t *terminal, result *storm.Result) error {
	if c.JSON {
		if err := stormreport.JSON(t.stdout, result); err != nil {
			return err
		}
	} else if err := stormreport.Text(t.stdout, result); err != nil {
		return err
	}
	if c.Out == "" {
		return nil
	}
	write := func(name string, form func(io.Writer, *storm.Result) error) error {
		return writeReport(filepath.Join(c.Out, name), func(w io.Writer) error { return form(w, result) })
	}
	if err := errors.Join(os.MkdirAll(c.Out, 0o755), write("storm.json", stormreport.JSON), write("storm.html", stormreport.HTML)); err != nil {
		return err
	}
	fmt.Fprintf(t.stderr, "%s and storm.json are written\n", filepath.Join(c.Out, "storm.html"))
	return nil
}

// writeReport replaces a file by what form writes.
func writeReport(path string, form func(io.Writer) error) error {
	var text strings.Builder
	if err := form(&text); err != nil {
		return err
	}
	return writeWhole(path, []byte(text.String()))
}
