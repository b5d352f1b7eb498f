package emf

import (
	"log/slog"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

func (l *lines) cooldown(c telemetry.Cooldown) {
	if c.Change == telemetry.Begun {
		l.dimension("Pool", c.Pool)
		l.dimension("Class", string(c.Class))
		l.add("Cooldowns", telemetry.Count, 1)
	}
	l.event(c)
}

func (l *lines) storeTrouble(s telemetry.StoreTrouble) {
	if !s.Recovered {
		l.add("StoreFailures", telemetry.Count, 1)
	}
	l.event(s)
}

// rebalance writes a line for each group and key beside that of the run. A zero
// is worth its price here: it says that nothing rests, not that nobody looked.
func (l *lines) rebalance(r telemetry.Rebalance) {
	for _, g := range r.Groups {
		l.group(g)
	}
	for _, k := range r.Keys {
		l.dimension("Pool", k.Pool)
		l.dimension("Key", k.Name)
		l.add("Weight", telemetry.NoUnit, k.Weight)
		l.line(slog.LevelInfo, "key", slog.Bool("quarantined", k.Quarantined))
	}
	l.add("RebalanceRuns", telemetry.Count, 1)
	if r.Failure != "" {
		l.add("RebalanceFailures", telemetry.Count, 1)
	}
	l.addTime("RebalanceTime", r.Took)
	l.add("Quarantined", telemetry.Count, float64(r.Quarantined()))
	l.event(r)
}

func (l *lines) group(g telemetry.GroupState) {
	l.dimension("Pool", g.Pool)
	l.dimension("Group", g.Name)
	if g.HeadroomKnown {
		l.add("Headroom", telemetry.Percent, g.Headroom*100)
	}
	resting := 0.0
	if g.Resting {
		resting = 1
	}
	l.add("Resting", telemetry.Count, resting)
	l.line(slog.LevelInfo, "group", slog.Bool("quarantined", g.Quarantined))
}
