package cost

import (
	"errors"
	"fmt"
	"math"
)

// Load is a month of traffic and how the deployment meets it.
type Load struct {
	// Requests a month, >= 0.
	Requests float64 `json:"requests"`
	// Seconds that one request takes, the wait for the provider included: Lambda
	// bills it. More than 0, at most 900, the longest that Lambda runs.
	Seconds float64 `json:"seconds"`
	// Memory of the function in MB, 128 to 10240.
	Memory int `json:"memory_mb"`
	// Writes and Reads are DynamoDB's units per request.
	Writes float64 `json:"writes_per_request"`
	Reads  float64 `json:"reads_per_request"`
	// LogKB is what one request writes to the log, in KB; Lambda's own lines
	// included.
	LogKB float64 `json:"log_kb_per_request"`
	// Metrics are custom metrics, Secrets are secrets, both by number.
	Metrics int `json:"metrics"`
	Secrets int `json:"secrets"`
	// Tasks are containers of one vCPU and TaskGB of memory to compare with.
	Tasks  int     `json:"tasks"`
	TaskGB float64 `json:"task_gb"`
	// ARM compares with containers on arm64 instead of x86.
	ARM bool `json:"arm"`
}

// Check reports the first thing that cannot be.
func (l Load) Check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"requests", l.Requests}, {"writes", l.Writes}, {"reads", l.Reads}, {"log-kb", l.LogKB}, {"metrics", float64(l.Metrics)},
		{"secrets", float64(l.Secrets)}, {"tasks", float64(l.Tasks)}, {"task-gb", l.TaskGB},
	} {
		if !(f.value >= 0) || f.value > 1e15 { // also refuses what is not a number
			return fmt.Errorf("%s is %v, must be from 0 to 1e15", f.name, f.value)
		}
	}
	if !(l.Seconds > 0) || l.Seconds > 900 {
		return errors.New("seconds must be more than 0 and at most 900, the longest that Lambda runs")
	}
	if l.Memory < 128 || l.Memory > 10240 {
		return fmt.Errorf("memory is %d MB, must be from 128 to 10240", l.Memory)
	}
	return nil
}

// Item is one line of a month's bill.
type Item struct {
	Name     string  `json:"name"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	USD      float64 `json:"usd"`
}

// Estimate is what a month costs.
type Estimate struct {
	Load   Load   `json:"load"`
	Region string `json:"region"`
	Day    string `json:"prices_of"`
	// Lambda is the bill of the serverless deployment, Containers that of tasks
	// behind a load balancer with the same table, logs, metrics and secrets.
	Lambda     []Item `json:"lambda"`
	Containers []Item `json:"containers"`
	// Both totals, in USD a month.
	LambdaUSD     float64 `json:"lambda_usd"`
	ContainersUSD float64 `json:"containers_usd"`
	// BreakEven is how many requests a month of this kind cost the same either
	// way: with fewer Lambda is cheaper. 0 when there are no containers.
	BreakEven float64 `json:"break_even_requests"`
	// InFlight is how many requests run at once on average at the break-even.
	InFlight float64 `json:"break_even_in_flight"`
	// Published is AWS's own gateway in containers, by AWS's own table.
	Published Published `json:"published"`
	Prices    []Price   `json:"prices"`
}

// Month estimates a month. It knows no free tier and no discount, on either
// side.
func Month(l Load) (Estimate, error) {
	if err := l.Check(); err != nil {
		return Estimate{}, err
	}
	shared := sharedItems(l)
	e := Estimate{
		Load: l, Region: Region, Day: Day, Prices: Prices(),
		Lambda: append(append(lambdaItems(l), jobItem()), shared...), Containers: append(containerItems(l), shared...),
		Published: beside(guidance, l),
	}
	e.LambdaUSD, e.ContainersUSD = total(e.Lambda), total(e.Containers)
	// Both pay for what they share, so it does not move the break-even.
	one := l
	one.Requests = 1
	e.BreakEven = max(0, math.Floor((total(containerItems(l))-jobItem().USD)/total(lambdaItems(one))))
	e.InFlight = e.BreakEven * l.Seconds / (hours * 3600)
	return e, nil
}

func lambdaItems(l Load) []Item {
	return []Item{
		bill(lambdaGBSecond, l.Requests*l.Seconds*float64(l.Memory)/1024, "GB-seconds"),
		bill(lambdaRequest, l.Requests, "requests"),
	}
}

// The scheduled job: once a minute, taken to run for a second with 128 MB. Its
// invocations by EventBridge Scheduler are within what is free for ever (14
// million a month).
const (
	jobRuns    = hours * 60
	jobSeconds = 1
	jobGB      = 0.125
)

func jobItem() Item {
	i := bill(lambdaGBSecond, jobRuns*jobSeconds*jobGB, "GB-seconds")
	i.Name = "Lambda, the scheduled job"
	i.USD += jobRuns * lambdaRequest.USD
	return i
}

// sharedItems are needed wherever the gateway runs.
func sharedItems(l Load) []Item {
	return []Item{
		bill(dynamoWrite, l.Requests*l.Writes, "writes"),
		bill(dynamoRead, l.Requests*l.Reads, "reads"),
		bill(logsGB, l.Requests*l.LogKB/1e6, "GB"),
		bill(metricMonth, float64(l.Metrics), "metrics"),
		bill(secretMonth, float64(l.Secrets), "secrets"),
	}
}

func containerItems(l Load) []Item {
	if l.Tasks == 0 {
		return nil
	}
	cpu, memory := fargateCPU, fargateGB
	if l.ARM {
		cpu, memory = armCPU, armGB
	}
	return []Item{
		bill(cpu, float64(l.Tasks)*hours, "vCPU-hours"),
		bill(memory, float64(l.Tasks)*l.TaskGB*hours, "GB-hours"),
		bill(albHour, hours, "hours"),
		bill(lcuHour, hours, "hours"),
	}
}

func bill(p Price, quantity float64, unit string) Item {
	return Item{p.Item, quantity, unit, p.USD * quantity}
}

func total(items []Item) (usd float64) {
	for _, i := range items {
		usd += i.USD
	}
	return usd
}
