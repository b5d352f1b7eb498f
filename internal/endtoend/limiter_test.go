//go:build e2e

package endtoend

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

var minutes = flag.Float64("minutes", 0, "run the limiter for so many `minutes` at 0.85 of the demand; 0 is the short form")

const (
	environments = 40
	// What buckets hold when they are full lasts for so long at 0.85 of the
	// demand that they are empty, as far as the limiter knows, in the last of
	// five minutes. The short form is as tight at its end: 45 s of demand meet
	// what 54 + 45 s allow.
	longShare   = 0.85
	shortShare  = 0.45
	shortLength = 45 * time.Second
)

// TestLimiterFortyEnvironments is the heart of Fallow on real processes: forty
// environments that share nothing but the table ask a provider with true
// buckets for more than it allows, for as long as waiting can make up for it.
func TestLimiterFortyEnvironments(t *testing.T) {
	length, share := shortLength, shortShare
	if *minutes > 0 {
		length, share = time.Duration(*minutes*float64(time.Minute)), longShare
	}
	requests := demand(1, length)
	r := surround(t, simprovider.Config{
		Organisations: organisations(4, supply(requests, length, share)), Latency: answerTime, AnswerTokens: answerSize,
	}, dynamotest.Start(t))
	m := newMeter(t, r.tables)
	r.tables = m.url

	bed := r.patientLambdas(t)
	mustSucceed(t, wave(bed.URL(), -environments, environments)) // cold starts, and the first answers tell the limits
	before := r.sim.Stats().Total()
	m.take()

	run := replay(bed.URL(), requests)
	run.length, run.share, run.table = length, share, m.take()
	run.refused = r.sim.Stats().Total().Limited() - before.Limited()
	run.throttled = bed.Stats().Throttled
	run.cpu = cpuOf(t, bed)
	fmt.Println(run) // not t.Log, whose indentation would make it code
	run.judge(t)
}

// patientLambdas are environments that are waited for when they have answered
// and are about to be free: a client comes back sooner here than over a network.
func (r *rig) patientLambdas(t *testing.T) *lambdabed.Bed {
	t.Helper()
	return r.function(t, "gateway", environments, func(c *lambdabed.Config) { c.Grace = 5 * time.Second })
}

// trial is what a run came to.
type trial struct {
	length    time.Duration
	share     float64
	results   []result
	refused   int64 // by the provider's limits
	throttled int   // by Lambda's concurrency limit
	crowded   int64 // came when all environments were taken
	table     tableCalls
	cpu       time.Duration // of the environments' processes
}

// replay sends each request at its time. One that finds all environments taken
// waits for one outside: that is the concurrency limit of a client, or of
// Lambda, and not what is looked at here.
func replay(url string, requests []arrival) trial {
	run := trial{results: make([]result, len(requests))}
	free := make(chan struct{}, environments)
	var crowded atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i, a := range requests {
		<-time.After(time.Until(began.Add(a.at)))
		all.Go(func() {
			if len(free) == cap(free) {
				crowded.Add(1)
			}
			free <- struct{}{}
			defer func() { <-free }()
			run.results[i] = askFor(url, fmt.Sprintf("Review change %d, please.\n", i)+a.prompt())
		})
	}
	all.Wait()
	run.crowded = crowded.Load()
	return run
}

// cpuOf ends the environments and returns the processor time they took in all.
func cpuOf(t *testing.T, bed *lambdabed.Bed) time.Duration {
	t.Helper()
	ended := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := ended()
	if err := bed.Close(); err != nil {
		t.Fatal(err)
	}
	return ended() - before
}

// limited counts the requests that the gateway answered 429.
func (run trial) limited() (n int) {
	for _, r := range run.results {
		if r.ours && r.status == http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

// wait is a quantile of the waits of those that were answered.
func (run trial) wait(q float64) time.Duration {
	var waits []time.Duration
	for _, r := range run.results {
		if !r.failed() {
			waits = append(waits, r.waited)
		}
	}
	if len(waits) == 0 {
		return 0
	}
	slices.Sort(waits)
	return waits[int(q*float64(len(waits)-1))]
}

// String is a table in Markdown.
func (run trial) String() string {
	n := float64(len(run.results))
	load, _ := os.ReadFile("/proc/loadavg") // only Linux has it
	var b strings.Builder
	row := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	row("40 Lambda environments", "%s at %.2f of the demand", run.length, run.share)
	b.WriteString("|---|---|\n")
	row("requests", "%.0f", n)
	row("client 429", "%.3f %%", 100*float64(run.limited())/n)
	row("upstream 429 for 1,000", "%.2f", 1000*float64(run.refused)/n)
	row("wait for room, p50 / p95 / p99 / max", "%.3f / %.2f / %.2f / %.2f s",
		run.wait(.5).Seconds(), run.wait(.95).Seconds(), run.wait(.99).Seconds(), run.wait(1).Seconds())
	row("DynamoDB writes (failed conditions) and reads a request", "%.2f (%.2f), %.2f",
		float64(run.table.writes)/n, float64(run.table.failed)/n, float64(run.table.reads)/n)
	row("DynamoDB calls not waited for (80 ms)", "%d", run.table.abandoned)
	row("processor time of the environments a request, cold starts included", "%.1f ms", run.cpu.Seconds()*1000/n)
	row("found all environments taken", "%.1f %%", 100*float64(run.crowded)/n)
	row("load average of the machine at the end", "%s", strings.Join(strings.Fields(string(load) + " - - -")[:3], " "))
	return b.String()
}

// judge holds the run against the goals. A single request is no share: the
// short form has fewer than a thousand.
func (run trial) judge(t *testing.T) {
	t.Helper()
	n, limited := len(run.results), run.limited()
	if limited > max(1, n/1000) {
		t.Errorf("%d of %d requests were answered 429, want at most 0.1 %%", limited, n)
	}
	if run.refused > int64(max(1, n/1000)) {
		t.Errorf("the provider refused %d calls for %d requests, want at most 1 for 1,000", run.refused, n)
	}
	if run.throttled > 0 {
		t.Errorf("Lambda throttled %d requests: the test sent more than it has environments", run.throttled)
	}
	if run.wait(.99) < 100*time.Millisecond {
		t.Errorf("99 of 100 requests waited at most %v: nothing was short, and nothing was shown", run.wait(.99))
	}
	answered := slices.DeleteFunc(slices.Clone(run.results), func(r result) bool {
		return r.ours && r.status == http.StatusTooManyRequests
	})
	mustSucceed(t, answered)
}
