package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fallow-dev/fallow/internal/plan"
)

// planCmd says how many quota groups a traffic needs.
type planCmd struct {
	Log string `arg:"" placeholder:"LOG" help:"Fallow's log as JSON lines, or CSV with the columns time, input_tokens, output_tokens; - reads standard input."`

	Requests int64 `placeholder:"N" help:"Requests that each group allows a minute; 0 is no limit."`
	Input    int64 `placeholder:"N" help:"Input tokens a minute, cache reads not counted."`
	Output   int64 `placeholder:"N" help:"Output tokens a minute."`
	Groups   int   `placeholder:"K" help:"Try 1 to K groups; as many as are enough, and one more, if it is left out."`

	Wait          time.Duration `default:"30s" help:"How long a request may wait for room (${default})."`
	MaxLimited    float64       `default:"0.1" placeholder:"PERCENT" help:"Enough is when no more requests are refused (${default}) ..."`
	MaxWait       time.Duration `default:"1s" help:"... and 95 % of them wait no longer (${default})."`
	Cached        float64       `default:"0.5" placeholder:"SHARE" help:"What caching would save: the share of the input that would come from the provider's cache (${default})."`
	FallbackAfter time.Duration `default:"2s" help:"When a request would leave for a fallback (${default})."`

	MaxBad int    `default:"20" placeholder:"N" help:"Let so many unreadable lines pass (${default})."`
	Seed   int64  `default:"1" help:"Decides the errors of estimates (${default})."`
	Out    string `placeholder:"FILE" help:"Write a page with plots there."`
	JSON   bool   `name:"json" help:"Print the answer as JSON."`
}

// Help is what --help shows above the flags.
func (planCmd) Help() string {
	return `Runs the requests of a log through Fallow's own limiter in front of simulated
quotas, in virtual time, with one quota group, two, three and so on: what share of
the requests would be refused, how long the others would wait, how many groups are
enough, and what caching or a fallback would change.

  fallow serve --log-json 2> fallow.log
  fallow plan fallow.log --requests 1000 --input 450000 --output 90000
  fallow plan traffic.csv --input 2000000 --out plan.html

CSV may also have cached_tokens and latency_ms. Times are RFC 3339, or
2006-01-02 15:04:05 (UTC), or seconds or milliseconds since 1970. Requests that
were refused have no sizes in the log and are taken for middling ones.`
}

// check refuses what package plan would take for its defaults.
func (c *planCmd) check() error {
	if c.Requests == 0 && c.Input == 0 && c.Output == 0 {
		return errors.New("a group needs limits, those of your provider's console: at least one of --requests, --input and --output")
	}
	if min(c.Wait, c.MaxWait, c.FallbackAfter) <= 0 || min(c.MaxLimited, c.Cached) <= 0 {
		return errors.New("--wait, --max-wait, --fallback-after, --max-limited and --cached must be more than 0: write 1ms or 0.001 for next to nothing")
	}
	return nil
}

// Run answers the question.
func (c *planCmd) Run(t *terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	log, err := c.read()
	if err != nil {
		return err
	}
	for i, bad := range log.Bad {
		if i == 5 {
			fmt.Fprintf(t.stderr, "and %d more\n", len(log.Bad)-i)
			break
		}
		fmt.Fprintln(t.stderr, bad)
	}
	line := newLine(t.stderr)
	result, err := plan.Plan(t.ctx, plan.Config{
		Log: log, Limits: plan.Limits{Requests: c.Requests, InputTokens: c.Input, OutputTokens: c.Output},
		Groups: c.Groups, Wait: c.Wait, MaxLimited: c.MaxLimited, MaxWait: c.MaxWait,
		Cached: c.Cached, FallbackAfter: c.FallbackAfter, Seed: c.Seed,
		Progress: func(what string, share float64) { line.show(fmt.Sprintf("%s: %.0f %%", what, 100*share)) },
	})
	line.end()
	if err != nil {
		return err
	}
	return c.deliver(t, result)
}

func (c *planCmd) read() (*plan.Log, error) {
	options := plan.Options{Name: c.Log, MaxBad: c.MaxBad}
	if c.Log == "-" {
		options.Name = "standard input"
		return plan.Read(os.Stdin, options)
	}
	file, err := os.Open(c.Log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return plan.Read(file, options)
}

func (c *planCmd) deliver(t *terminal, r *plan.Result) error {
	show := plan.Text
	if c.JSON {
		show = plan.JSON
	}
	if err := show(t.stdout, r); err != nil || c.Out == "" {
		return err
	}
	err := writeReport(c.Out, func(w io.Writer) error { return plan.HTML(w, r) })
	if err != nil {
		return errors.Join(errors.New("the page was not written"), err)
	}
	fmt.Fprintf(t.stderr, "%s is written\n", c.Out)
	return nil
}
