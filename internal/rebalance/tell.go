package rebalance

import (
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// event is what telemetry is told of a run.
func event(done Report, failure error, took time.Duration, digests []Digest) telemetry.Rebalance {
	e := telemetry.Rebalance{Took: took, Moved: done.Moved, Restored: done.Restored, Refused: done.Refused}
	if failure != nil {
		e.Failure = clip(failure.Error())
	}
	for _, d := range digests {
		for _, g := range d.Groups {
			e.Groups = append(e.Groups, g.state(d.Pool))
			for _, k := range g.Keys {
				e.Keys = append(e.Keys, telemetry.KeyState{
					Pool: d.Pool, Name: k.Name, Weight: k.Weight, Quarantined: slices.ContainsFunc(k.Rests, RestDigest.waitsForProbe),
				})
			}
		}
	}
	return e
}

func (g GroupDigest) state(pool string) telemetry.GroupState {
	s := telemetry.GroupState{
		Pool: pool, Name: g.Name, Headroom: 1, Resting: !g.serves(),
		Quarantined: slices.ContainsFunc(g.Rests, RestDigest.waitsForProbe),
	}
	for _, q := range g.Quotas {
		if q.Headroom != nil {
			s.Headroom, s.HeadroomKnown = min(s.Headroom, float64(*q.Headroom)/100), true
		}
	}
	return s
}

func (r RestDigest) waitsForProbe() bool { return r.Quarantine }
