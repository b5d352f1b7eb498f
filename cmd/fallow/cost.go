package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"github.com/fallow-dev/fallow/internal/cost"
)

type costCmd struct {
	Requests float64 `required:"" placeholder:"N" help:"Requests a month."`
	Seconds  float64 `required:"" placeholder:"S" help:"Seconds that one request takes on average, the wait for the provider included: Lambda bills it."`
	Memory   int     `default:"256" placeholder:"MB" help:"Memory of the gateway function in MB (${default})."`
	Writes   float64 `default:"1.5" placeholder:"N" help:"DynamoDB write units per request (${default})."`
	Reads    float64 `default:"0.2" placeholder:"N" help:"DynamoDB read units per request, strongly consistent (${default})."`
	LogKB    float64 `name:"log-kb" default:"1.45" placeholder:"KB" help:"What one request writes to the log: 1 KB of Fallow's, 0.45 of Lambda's (${default})."`
	Metrics  int     `default:"42" placeholder:"N" help:"Custom metrics in CloudWatch (${default})."`
	Secrets  int     `default:"3" placeholder:"N" help:"Secrets in Secrets Manager (${default})."`
	Tasks    int     `default:"2" placeholder:"N" help:"Fargate tasks of one vCPU to compare with (${default})."`
	TaskGB   float64 `name:"task-gb" default:"2" placeholder:"GB" help:"Memory of such a task (${default})."`
	ARM      bool    `name:"arm" help:"Compare with tasks on arm64, which cost a fifth less; the default is x86."`
	Sources  bool    `help:"List the prices and where each was read."`
	JSON     bool    `name:"json" help:"Print the estimate as JSON, prices and sources included."`
}

// Help is what --help shows above the flags.
func (costCmd) Help() string {
	return `Estimates a month on Lambda (arm64) beside containers on Fargate behind a load
balancer, at the prices of ` + cost.Region + ` as gathered on ` + cost.Day + `, without free tiers
and discounts. What both need (table, logs, metrics, secrets) is on both bills; a
NAT gateway, public addresses and traffic are on neither, nor is the provider's bill.

  fallow cost --requests 576000 --seconds 11            40 at once, two hours a workday
  fallow cost --requests 1e6 --seconds 10 --memory 128 --sources

Lambda is cheaper for traffic that comes in bursts and is away at night. Beyond
the break-even run 'fallow serve' in a container, with the same config and table.`
}

// Run prints the estimate.
func (c costCmd) Run(t *terminal) error {
	e, err := cost.Month(cost.Load{
		Requests: c.Requests, Seconds: c.Seconds, Memory: c.Memory, Writes: c.Writes, Reads: c.Reads, LogKB: c.LogKB,
		Metrics: c.Metrics, Secrets: c.Secrets, Tasks: c.Tasks, TaskGB: c.TaskGB, ARM: c.ARM,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(t.stdout, e)
	}
	fmt.Fprintf(t.stdout, "%s requests of %g s a month, USD, %s, prices gathered on %s\n\n", grouped3(c.Requests), c.Seconds, e.Region, e.Day)
	err = tabulate(t.stdout, e)
	if err == nil && c.Sources {
		err = cite(t.stdout, e)
	}
	return err
}

func tabulate(out io.Writer, e cost.Estimate) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	rows := func(title string, items []cost.Item, total float64) {
		fmt.Fprintf(w, "%s\n", title)
		for _, i := range items {
			fmt.Fprintf(w, "  %s\t%14s %s\t%10.2f\n", i.Name, grouped3(i.Quantity), i.Unit, i.USD)
		}
		fmt.Fprintf(w, "  a month\t\t%10.2f\n\n", total)
	}
	rows(fmt.Sprintf("Lambda, %d MB", e.Load.Memory), e.Lambda, e.LambdaUSD)
	if e.Load.Tasks > 0 {
		rows(fmt.Sprintf("%d Fargate tasks, 1 vCPU, %g GB each", e.Load.Tasks, e.Load.TaskGB), e.Containers, e.ContainersUSD)
	}
	if err := w.Flush(); err != nil || e.Load.Tasks == 0 {
		return err
	}
	cheaper := "Lambda is"
	if e.Load.Requests > e.BreakEven {
		cheaper = "the containers are"
	}
	_, err := fmt.Fprintf(out, "Here %s cheaper. Break-even: %s requests a month of this kind, %.1f at once around the clock.\n"+
		"%s (with a database, Redis and a WAF): %.2f a month, whatever comes. Lambda costs as much at %s requests.\n",
		cheaper, grouped3(e.BreakEven), e.InFlight, e.Published.Name, e.Published.USD, grouped3(e.Published.BreakEven))
	return err
}

// grouped3 writes a number with commas between thousands, and with two
// decimals if it is small and needs them.
func grouped3(v float64) string {
	if v < 1000 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func cite(out io.Writer, e cost.Estimate) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nPRICE\tUSD\tPER\tREAD AT")
	for _, p := range e.Prices {
		fmt.Fprintf(w, "%s\t%.10g\t%s\t%s\n", p.Item, p.USD, p.Unit, p.Source)
	}
	fmt.Fprintf(w, "%s\t%.10g\t%s\t%s\n", e.Published.Name, e.Published.USD, "month", e.Published.Source)
	return w.Flush()
}
