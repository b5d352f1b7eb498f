package rebalance

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// Weights are thousandths of the base weight.
const (
	full = 1000
	// least keeps a trickle on a bad key, so that its recovery is noticed.
	least = 50
	// most a weight moves in one run, and so in a minute.
	stride = 100
	// fewer answers than this say nothing about a key.
	enough = 5
)

// counters are those of which a key's record remembers where they stood when
// its weight was last decided.
var counters = [...]string{
	records.AttrOK, records.AttrRefused, records.AttrFaults, records.AttrLatencyMS, records.AttrLatencies,
	records.AttrCost, records.AttrTokens,
}

// Sample is what is known of a key when the job runs.
type Sample struct {
	Weight int64 // in force; 0 means never decided
	// OK and Refused count the answers since the last run.
	OK, Refused int64
	Measures
}

// Measures are what a key is compared with the others of its pool by. Zero
// means unknown, and compares with nothing.
type Measures struct {
	// Latency is the mean time to the first content, in ms.
	Latency int64
	// Cost is in micro-dollars per thousand tokens.
	Cost int64
	// Faults are thousandths of the Calls that failed for a reason of the
	// provider's own.
	Faults, Calls int64
}

// Decision is a weight and the reason for it.
type Decision struct {
	Weight int64
	Why    string
}

// Step decides one key's next weight. typical are the medians of the pool. It
// is pure.
func Step(s Sample, typical Measures) Decision {
	current := s.Weight
	if current <= 0 || current > full {
		current = full
	}
	goal, why := target(s, typical)
	next := min(max(goal, current-stride), current+stride)
	if next != goal {
		why += fmt.Sprintf("; on the way from %s to %s, at most %s a minute", share(current), share(goal), share(stride))
	}
	return Decision{Weight: next, Why: why}
}

// target is the weight that the last minute calls for: the root of how quick
// and how cheap the key is beside the median, times the square of what goes
// well. The base weight is what the operator wants at most, so advantages make
// up for drawbacks and go no further. How much room a quota has is left out:
// whoever books knows that better, for each request.
func target(s Sample, typical Measures) (int64, string) {
	goal, reasons := float64(full), []string(nil)
	weigh := func(factor float64, format string, args ...any) {
		if goal *= factor; factor != 1 {
			reasons = append(reasons, fmt.Sprintf(format, args...))
		}
	}
	refused, faulty := failures(s, typical)
	weigh(square(1-refused), "refused %d of %d calls", s.Refused, s.OK+s.Refused)
	weigh(square(1-faulty), "%.1f %% of its calls fail at the provider, %.1f %% is usual", float64(s.Faults)/10, float64(typical.Faults)/10)
	weigh(beside(s.Latency, typical.Latency), "first content after %d ms, %d ms is usual", s.Latency, typical.Latency)
	weigh(beside(s.Cost, typical.Cost), "%d micro-dollars per 1000 tokens, %d is usual", s.Cost, typical.Cost)
	why := strings.Join(reasons, ", ")
	if why == "" {
		why = "nothing against it"
	}
	return min(max(int64(math.Round(goal)), least), full), why
}

// failures are the shares of calls that went wrong because of this key. The
// provider's own faults count only as far as this key has more of them than is
// usual in the pool: what strikes all keys is no key's fault.
func failures(s Sample, typical Measures) (refused, faulty float64) {
	if calls := s.OK + s.Refused; calls >= enough {
		refused = float64(s.Refused) / float64(calls)
	}
	return refused, min(float64(max(0, s.Faults-typical.Faults))/full, 1)
}

// beside compares a key with the median; what nobody measured is equal.
func beside(own, median int64) float64 {
	if own <= 0 || median <= 0 {
		return 1
	}
	return math.Sqrt(float64(median) / float64(own))
}

func square(x float64) float64 { return x * x }

// share writes a weight as people read it.
func share(weight int64) string { return fmt.Sprintf("%.2f", float64(weight)/full) }

// weigh decides the weights of all keys that were ever used.
func weigh(v view) []write {
	samples := make([]Sample, len(v.keys))
	for i, m := range v.keys {
		samples[i] = v.sample(m.record)
	}
	typical := median(samples)
	var out []write
	for i, m := range v.keys {
		if m.unused() || m.record.Int(records.AttrWeightAt) >= v.minute() {
			continue // never used, or decided in this minute already
		}
		out = append(out, v.decide(m.record, samples[i], Step(samples[i], typical)))
	}
	return out
}

// decide is the write of a weight and of where the counters stood.
func (v view) decide(record store.Item, s Sample, d Decision) write {
	do := []store.Assign{
		store.Set(records.AttrWeight, store.Num(d.Weight)), store.Set(records.AttrWeightWhy, store.Text(d.Why)),
		store.Set(records.AttrWeightAt, store.Num(v.ms())),
		store.Set(records.AttrSawLatency, store.Num(s.Latency)), store.Set(records.AttrSawCost, store.Num(s.Cost)),
		store.Set(records.AttrSawFaults, store.Num(s.Faults)), store.Set(records.AttrSawCalls, store.Num(s.Calls)),
	}
	for _, counter := range counters {
		do = append(do, store.Set(records.SeenPrefix+counter, store.Num(record.Int(counter))))
	}
	w := write{record.Key, store.Change{If: unchanged(record, records.AttrWeightAt), Do: do}, func(r *Report) { r.Decided++ }, nil}
	if d.Weight != record.Int(records.AttrWeight) {
		w.done = func(r *Report) { r.Decided++; r.Moved++ }
		w.news = say("weight", "weight", share(d.Weight), "why", d.Why)
	}
	return w
}

// sample is what was counted of a key since its weight was last decided.
func (v view) sample(r store.Item) Sample {
	since := func(counter string) int64 { return max(0, r.Int(counter)-r.Int(records.SeenPrefix+counter)) }
	s := Sample{Weight: r.Int(records.AttrWeight), OK: since(records.AttrOK), Refused: since(records.AttrRefused)}
	if r.Int(records.AttrWeightAt) >= v.minute() {
		s.Measures = Measures{r.Int(records.AttrSawLatency), r.Int(records.AttrSawCost), r.Int(records.AttrSawFaults), r.Int(records.AttrSawCalls)}
		return s
	}
	if n := since(records.AttrLatencies); n >= enough {
		s.Latency = since(records.AttrLatencyMS) / n
	}
	if calls := s.OK + s.Refused + since(records.AttrFaults); calls >= enough {
		s.Calls, s.Faults = calls, since(records.AttrFaults)*full/calls
		s.Cost = perThousand(since(records.AttrCost), since(records.AttrTokens))
	}
	return s
}

// perThousand is what a thousand tokens cost; 0 when nobody counts either.
func perThousand(cost, tokens int64) int64 {
	if tokens <= 0 {
		return 0
	}
	return int64(float64(cost) / float64(tokens) * 1000)
}

// median is what is usual in the pool, each measure by itself. Keys of which a
// measure is unknown do not count for it.
func median(samples []Sample) Measures {
	var latency, cost, faults []int64
	for _, s := range samples {
		if s.Latency > 0 {
			latency = append(latency, s.Latency)
		}
		if s.Cost > 0 {
			cost = append(cost, s.Cost)
		}
		if s.Calls > 0 {
			faults = append(faults, s.Faults)
		}
	}
	return Measures{Latency: middle(latency), Cost: middle(cost), Faults: middle(faults)}
}

// middle is the median; 0 of nothing.
func middle(of []int64) int64 {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}
