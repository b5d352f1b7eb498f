package storm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/simulation"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// plain is a provider of one key that allows a thousand tokens a second.
const plain = `name: plain
about: a test
length: 10m
patience: 5m
traffic:
  - steady: {per_second: 1}
    input: {mean: 1000}
    output: {mean: 10}
    latency: {first: 1s, p50: 2s}
organisations:
  - {keys: 1, input_tokens: 60000}
`

// asking are requests of so many tokens each, which all arrive at the start and
// are answered in ten seconds.
func asking(tokens ...int64) []simulation.Request {
	var all []simulation.Request
	for i, n := range tokens {
		all = append(all, simulation.Request{ID: i, Input: n, Output: 10, Latency: 10 * time.Second})
	}
	return all
}

// sent are the seconds at which requests were sent, -1 for those that left.
func sent(samples []sample) string {
	var all []string
	for _, s := range samples {
		at := -1.0
		if s.outcome == Answered {
			at = (s.ended - s.Latency).Round(time.Millisecond).Seconds()
		}
		all = append(all, fmt.Sprint(at))
	}
	return strings.Join(all, " ")
}

func TestIdeal(t *testing.T) {
	t.Parallel()
	batch := asking(60_000, 60_000, 6_000)
	batch[0].Batch, batch[1].Batch, batch[2].At = true, true, time.Second
	late := asking(1000, 1000)
	late[1].At = 3 * time.Minute
	wordy := asking(100, 100)
	wordy[0].Output, wordy[1].At = 9000, 11*time.Second
	hasty := asking(60_000, 30_000, 1_000)
	hasty[2].At = 10 * time.Second
	tests := []struct {
		name, text string
		requests   []simulation.Request
		want       string
	}{
		{"what fits leaves at once", plain, asking(30_000, 30_000), "0 0"},
		{"the rest waits for the refill, in order", plain, asking(60_000, 30_000, 6_000), "0 30 36"},
		{"small ones do not pass large ones", plain, asking(50_000, 30_000, 1_000), "0 20 21"},
		{"people go before a batch", plain, batch, "0 66 6"},
		{"more than a bucket holds is never sent", plain, asking(60_001, 1000), "-1 0"},
		{"patience is for the whole answer", strings.Replace(plain, "5m", "39s", 1), hasty, "0 -1 29"},
		{"nobody for a while", plain, late, "0 180"},
		{"the fullest organisation first", plain + "  - {keys: 1, input_tokens: 120000}\n", asking(60_000, 60_000, 60_000), "0 0 0"},
		{"keys of one organisation are one quota", strings.Replace(plain, "keys: 1", "keys: 2", 1), asking(60_000, 6_000), "0 6"},
		{"a stuck key is waited for", plain + "faults: [{at: 0s, for: 20s, effect: stuck}]\n", asking(1000), "20"},
		{"or another one called", plain + "  - {keys: 1, input_tokens: 60000}\nfaults: [{effect: stuck, key: 1}]\n", asking(60_000, 1000), "0 1"},
		{"one stuck key does not shut its organisation", strings.Replace(plain, "keys: 1", "keys: 2", 1) + "faults: [{effect: stuck, key: 2}]\n", asking(1000), "0"},
		{"a provider that is gone for good", plain + "faults: [{effect: unavailable}]\n", asking(1000), "-1"},
		{"chance is left out", plain + "faults: [{effect: overloaded, probability: 0.9}]\n", asking(1000), "0"},
		{"so is what only disturbs", plain + "faults: [{effect: slow}]\n", asking(1000), "0"},
		{"halved limits", plain + "faults: [{at: 10s, for: 10s, effect: shrink, factor: 0.5}]\n", asking(60_000, 30_000), "0 35"},
		{"answers are charged for as they are written", strings.Replace(plain, "60000", "60000, output_tokens: 6000", 1), wordy, "0 31.01"},
		{"OpenAI reserves the longest answer", "provider: openai\n" + strings.Replace(plain, "60000", "30000, output_tokens: 30000", 1), asking(55_904, 1904), "0 6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := sent(newIdeal(load(t, tt.text)).send(tt.requests)); got != tt.want {
				t.Errorf("sent at %s s, want %s", got, tt.want)
			}
		})
	}
}

// TestIdealIsBound: whatever is asked, everybody has an end, nobody is sent
// before he came or overtaken, and no more passes than a bucket holds and what
// flows in.
func TestIdealIsBound(t *testing.T) {
	t.Parallel()
	s := load(t, plain)
	rapid.Check(t, func(t *rapid.T) {
		var requests []simulation.Request
		at := time.Duration(0)
		for i := range rapid.IntRange(1, 60).Draw(t, "requests") {
			at += time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "gap"))
			requests = append(requests, simulation.Request{
				ID: i, At: at, Input: rapid.Int64Range(1, 70_000).Draw(t, "input"), Output: 5,
				Latency: time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "latency")),
			})
		}
		var last time.Duration
		var sum int64
		for i, x := range newIdeal(s).send(requests) {
			if !x.finished || x.ID != i || x.outcome != Answered && x.outcome != Abandoned {
				t.Fatalf("request %d has no end: %+v", i, x)
			}
			if x.outcome != Answered {
				continue
			}
			begun := x.ended - x.Latency
			if begun < x.At || begun < last || x.latency() > s.Patience {
				t.Fatalf("request %d came at %v and was sent at %v after one at %v", i, x.At, begun, last)
			}
			last, sum = begun, sum+x.Input
			if most := 60_000 + 1000*begun.Seconds() + 1; float64(sum) > most {
				t.Fatalf("%d tokens were sent within %v, want at most %.0f", sum, begun, most)
			}
		}
	})
}

// TestIdealOfReadyScenarios: it answers everybody in each of them, and those
// that are about too little room let it wait.
func TestIdealOfReadyScenarios(t *testing.T) {
	t.Parallel()
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := scenarios.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			requests := s.Requests(1)
			r := reportIdeal(s, newIdeal(s).send(requests), step(s))
			if r.Outcomes[Answered] != len(requests) || r.UpstreamCalls != len(requests) || r.Upstream429s != 0 {
				t.Errorf("%d of %d answered with %d calls", r.Outcomes[Answered], len(requests), r.UpstreamCalls)
			}
			short := slices.Contains([]string{"tight", "halved-limits", "burst-1000", "two-organisations", "store-outage", "mixed-batch"}, name)
			if short != (r.Wait.P99 > 0) {
				t.Errorf("the ideal's p99 of the waits is %v s; that it waits is %t", r.Wait.P99, short)
			}
			if r.Makespan <= 0 || r.Wait.P99 > 80 || r.Dollars == nil || *r.Dollars <= 0 {
				t.Errorf("figures %+v", r.Summary)
			}
		})
	}
}

func BenchmarkIdeal(b *testing.B) {
	s, err := scenarios.Load("burst-1000")
	if err != nil {
		b.Fatal(err)
	}
	requests := s.Requests(1)
	b.ReportAllocs()
	for b.Loop() {
		newIdeal(s).send(requests)
	}
}
