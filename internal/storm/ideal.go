package storm

import (
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/simulation"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// ideal is a single queue that sees every bucket of the provider and every
// fault as it happens, in the scenario's own time and at once. Its head waits
// for the first bucket that it fits into; whom somebody waits for goes before a
// batch. So it is never refused, and what it needs is what there is to need.
//
// It knows the same requests and the same buckets (package quota) as the
// contestants meet, but no prompt cache and none of those faults that strike by
// chance: nobody can avoid either by waiting.
type ideal struct {
	scenario *scenarios.Scenario
	now      time.Duration
	orgs     []*idealOrg
	owners   []*idealOrg // by key
	agenda   agenda
	line     [2][]*sample // who waits: for people, and batches
}

// dawn stands for the beginning of a run in the buckets' time.
var dawn = time.Unix(0, 0)

func newIdeal(s *scenarios.Scenario) *ideal {
	d := &ideal{scenario: s}
	for _, o := range s.Organisations {
		org := newIdealOrg(o)
		d.orgs = append(d.orgs, org)
		for range o.Keys {
			org.shut[len(d.owners)] = 0
			d.owners = append(d.owners, org)
		}
	}
	for _, f := range s.Faults {
		d.expect(f)
	}
	return d
}

// expect puts a fault on the agenda. What strikes by chance, or only disturbs
// an answer, is left out.
func (d *ideal) expect(f scenarios.Fault) {
	effect := fault.Effect(f.Effect)
	shuts := (effect.Refuses() || effect == fault.Cut) && (f.Probability == 0 || f.Probability == 1)
	for key, org := range d.owners {
		if f.Key != 0 && f.Key != key+1 {
			continue
		}
		begin, end := func() { org.shut[key]++ }, func() { org.shut[key]-- }
		switch {
		case effect == fault.Shrink:
			begin = func() { org.quota.Scale(f.Factor, dawn.Add(d.now)) }
			end = func() { org.quota.Scale(1, dawn.Add(d.now)) }
		case !shuts:
			continue
		}
		d.agenda.add(f.At, begin)
		if f.For > 0 {
			d.agenda.add(f.At+f.For, end)
		}
	}
}

// send brings all requests to their end and returns what became of each.
func (d *ideal) send(requests []simulation.Request) []sample {
	samples := make([]sample, len(requests))
	for next := 0; ; {
		for ; next < len(requests) && requests[next].At <= d.now; next++ {
			samples[next].Request = requests[next]
			d.join(&samples[next])
		}
		d.pass(d.now)
		until := never
		if next < len(requests) {
			until = requests[next].At
		}
		head := d.head()
		switch {
		case head == nil && until == never:
			return samples
		case head == nil:
			d.pass(until)
		default:
			d.serve(head, until)
		}
	}
}

// never is a moment that does not come.
const never = time.Duration(1<<63 - 1)

// pass lets time go on until then, and happen what is on the agenda.
func (d *ideal) pass(until time.Duration) {
	for len(d.agenda) > 0 && d.agenda[0].at <= until {
		item := d.agenda.next()
		d.now = max(d.now, item.at)
		item.do()
	}
	d.now = max(d.now, until)
}

func (d *ideal) join(s *sample) {
	i := 0
	if s.Batch {
		i = 1
	}
	d.line[i] = append(d.line[i], s)
}

func (d *ideal) head() *sample {
	for _, line := range d.line {
		if len(line) > 0 {
			return line[0]
		}
	}
	return nil
}

func (d *ideal) leave(s *sample, outcome Outcome, ended time.Duration) {
	for i, line := range d.line {
		if len(line) > 0 && line[0] == s {
			d.line[i] = line[1:]
			break
		}
	}
	s.outcome, s.ended, s.finished, s.tries = outcome, ended, true, 1
}

// serve sends the head of the queue, or waits until it may fit or something
// else happens.
func (d *ideal) serve(s *sample, until time.Duration) {
	if d.now > d.latest(s) || !d.holds(s) {
		d.leave(s, Abandoned, s.At+d.scenario.Patience)
		return
	}
	wait := d.admit(s)
	if wait > 0 {
		if len(d.agenda) > 0 {
			until = min(until, d.agenda[0].at)
		}
		d.pass(min(until, d.now+wait, d.latest(s)+1))
		return
	}
	s.first = d.now + d.scenario.FirstToken(s.Latency) - s.At
	d.leave(s, Answered, d.now+s.Latency)
}

// latest is when a request must be sent for its client to see the end.
func (d *ideal) latest(s *sample) time.Duration { return s.At + d.scenario.Patience - s.Latency }

// holds reports whether any bucket is large enough for the request. One that
// never fits must not stand in the way of all others.
func (d *ideal) holds(s *sample) bool {
	return slices.ContainsFunc(d.orgs, func(o *idealOrg) bool { return o.holds(d.need(s)) })
}

// admit asks the organisations, the fullest first: only a bucket that is full
// wastes what flows in. 0 means that one took the request, all else is how long
// the first needs that could.
func (d *ideal) admit(s *sample) time.Duration {
	wait := d.scenario.Patience
	for _, o := range d.byRoom() {
		short, ok := o.quota.Admit(d.need(s), dawn.Add(d.now))
		if ok {
			d.write(s, o)
			return 0
		}
		wait = min(wait, max(short.Wait, time.Millisecond))
	}
	return wait
}

// write charges for the answer second by second.
func (d *ideal) write(s *sample, o *idealOrg) {
	if d.scenario.Provider == "openai" {
		return
	}
	o.quota.Charge(quota.Need{OutputTokens: -1}, dawn.Add(d.now)) // that of need
	steps := max(1, int64(s.Latency/time.Second))
	for i := range steps {
		part := s.Output*(i+1)/steps - s.Output*i/steps
		d.agenda.add(d.now+time.Duration(i+1)*s.Latency/time.Duration(steps), func() {
			o.quota.Charge(quota.Need{OutputTokens: part}, dawn.Add(d.now))
		})
	}
}
