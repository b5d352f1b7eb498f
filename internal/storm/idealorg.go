package storm

import (
	"cmp"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// idealOrg is an organisation as the ideal sees it.
type idealOrg struct {
	limits quota.Limits
	quota  *quota.Group
	// shut counts, for each of its keys, the faults that refuse all its calls.
	shut map[int]int
}

func newIdealOrg(o scenarios.Organisation) *idealOrg {
	limits := compressed(o.Limits, 1)
	return &idealOrg{limits: limits, quota: quota.NewGroup(limits, dawn), shut: map[int]int{}}
}

// holds reports whether the buckets would take as much when they are full.
func (o *idealOrg) holds(n quota.Need) bool {
	within := func(need, limit int64) bool { return limit == 0 || need <= limit }
	return within(n.InputTokens, o.limits.InputTokens) && within(n.Tokens, o.limits.Tokens)
}

// byRoom lists those organisations that have a key to call with.
func (d *ideal) byRoom() []*idealOrg {
	rooms := map[*idealOrg]float64{}
	var open []*idealOrg
	for _, o := range d.orgs {
		for _, faults := range o.shut {
			if faults == 0 {
				rooms[o] = o.room(dawn.Add(d.now))
				open = append(open, o)
				break
			}
		}
	}
	slices.SortStableFunc(open, func(a, b *idealOrg) int { return cmp.Compare(rooms[b], rooms[a]) })
	return open
}

// room is the free share of the tightest limit.
func (o *idealOrg) room(now time.Time) float64 {
	share := 1.0
	for _, l := range o.quota.Levels(now) {
		share = min(share, float64(l.Remaining)/float64(max(1, l.PerMinute)))
	}
	return share
}

// need is what the simulated provider asks its buckets for, by its dialect:
// OpenAI's reserves the longest answer, Anthropic's counts answers as they are
// written.
func (d *ideal) need(s *sample) quota.Need {
	if d.scenario.Provider == "openai" {
		return quota.Need{Requests: 1, Tokens: s.Input + maxAnswer}
	}
	return quota.Need{Requests: 1, InputTokens: s.Input, OutputTokens: 1}
}
