package storm

import (
	"fmt"
	"runtime"
	"time"

	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// Schema names the form of a Result as JSON. It changes when a field changes
// its meaning or goes.
const Schema = "fallow-storm/1"

// Result is what a run came to. All times are seconds of the scenario.
type Result struct {
	Schema string `json:"schema"`
	// Began is when, Version whose, Machine where.
	Began    time.Time           `json:"began"`
	Version  string              `json:"version,omitempty"`
	Machine  Machine             `json:"machine"`
	Scenario *scenarios.Scenario `json:"scenario"`
	Seed     int64               `json:"seed"`
	Compress float64             `json:"compress"`
	// Serial says that the contestants did not run beside each other.
	Serial bool `json:"serial,omitempty"`
	// Warning says what is not honest about a compressed run; empty at 1.
	Warning string `json:"warning,omitempty"`
	// Interrupted says that the run was ended before its time: what had not
	// ended by then is not counted.
	Interrupted bool     `json:"interrupted,omitempty"`
	Requests    int      `json:"requests"`
	Contestants []Report `json:"contestants"`
	// Ideal is what one queue would have made of the same requests that sees
	// every bucket of the pool, in virtual time: nothing is refused.
	Ideal *Report `json:"ideal"`
	// Verdicts say which of the scenario's goals Fallow met; none when the run
	// cannot be judged by them.
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Machine is where a run was made.
type Machine struct {
	System     string `json:"system"`
	Processors int    `json:"processors"`
	Go         string `json:"go"`
}

func newResult(cfg Config, requests int) *Result {
	return &Result{
		Schema: Schema, Began: time.Now().UTC().Truncate(time.Second), Scenario: cfg.Scenario, Seed: cfg.Seed,
		Compress: cfg.Compress, Serial: cfg.Serial, Warning: warning(cfg.Compress), Requests: requests,
		Machine: Machine{runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), runtime.Version()},
	}
}

func warning(compress float64) string {
	if compress == 1 {
		return ""
	}
	return fmt.Sprintf("The scenario ran %g times as fast as the clock. The provider, the clients, the queue and the wait "+
		"budget kept pace; retry-after in whole seconds, the gateways' own constants and the work of the machine did not. "+
		"Gateways were told %g times the limits and had to find out that a bucket holds %.3g s of them instead of a minute, so "+
		"those that book by limits look worse than they are. Take the figures as a preview, and measure with --compress 1.",
		compress, compress, 60/compress)
}

// Report is what became of one contestant.
type Report struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Summary
	// Step is the length of a bin, Bins what happened over time.
	Step float64 `json:"step"`
	Bins []Bin   `json:"bins"`
	// Latencies and Waits are the quantiles 0, 1, ... 100 %.
	Latencies []float64 `json:"latencies"`
	Waits     []float64 `json:"waits,omitempty"`
	// Keys are those of the provider; Bands when Fallow left them alone.
	Keys  []KeyReport `json:"keys,omitempty"`
	Bands []*Band     `json:"bands,omitempty"`
	// Problems are the last words of requests that failed, with their number.
	Problems map[string]int `json:"problems,omitempty"`
}

// Summary is the line of the table.
type Summary struct {
	// Ended are the requests that came to an end, of which every Outcome has its
	// number.
	Ended    int             `json:"ended"`
	Outcomes map[Outcome]int `json:"outcomes"`
	// Client429s are the 429s that clients saw, retried or not, and Saw429 the
	// requests that saw any.
	Client429s int `json:"client_429s"`
	Saw429     int `json:"saw_429"`
	// Latency is from the scheduled send to the end of the answer, of those
	// answered; FirstToken to the first content; Wait to the moment at which the
	// provider accepted the request.
	Latency    Quantiles `json:"latency"`
	FirstToken Quantiles `json:"first_token"`
	Wait       Quantiles `json:"wait"`
	// InteractiveWait is the wait of those that are no batch.
	InteractiveWait Quantiles `json:"interactive_wait"`
	// Accepted are the requests that the provider took at least once.
	Accepted int `json:"accepted"`
	// UpstreamCalls are those that the provider saw, Upstream429s those that it
	// refused for a limit, UpstreamFaults those that ended in 5xx or a cut.
	UpstreamCalls  int `json:"upstream_calls"`
	Upstream429s   int `json:"upstream_429s"`
	UpstreamFaults int `json:"upstream_faults"`
	// Wasted are the calls that a fault of a key refused.
	Wasted int64 `json:"wasted"`
	// Makespan is when the last answer ended.
	Makespan float64 `json:"makespan"`
	Tokens   Tokens  `json:"tokens"`
	// Dollars is what the tokens cost by the table of prices; nil when the model
	// has no price.
	Dollars *float64 `json:"dollars,omitempty"`
}

// Quantiles are in seconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Tokens are what the provider charged for.
type Tokens struct {
	Input      int64 `json:"input"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
	Output     int64 `json:"output"`
}

// Bin is what happened in one part of the run.
type Bin struct {
	// Arrived requests, Answered ones, 429s that Clients saw, and 429s that the
	// provider gave, Upstream.
	Arrived  int `json:"arrived"`
	Answered int `json:"answered"`
	Clients  int `json:"client_429s"`
	Upstream int `json:"upstream_429s"`
}

// KeyReport is one key over time.
type KeyReport struct {
	Name string `json:"name"`
	// Organisation numbers its owner from 1.
	Organisation int `json:"organisation"`
	// Usage is the input in each bin as a share of what flows into the quota of
	// its organisation in that time; above 1 the bucket was being emptied.
	Usage []float64 `json:"usage"`
	// Refused are the 429s in each bin.
	Refused []int `json:"refused"`
	Calls   int   `json:"calls"`
}
