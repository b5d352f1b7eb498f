package overhead

import (
	"fmt"
	"time"
)

// Cell is one measurement: what is asked, and in which manner.
type Cell struct {
	Workload Workload
	// Rate is how many requests a second an open loop sends, whatever becomes of
	// them; 0 means a closed loop.
	Rate float64
	// Connections is how many clients a closed loop has.
	Connections int
	// Length is that of one round.
	Length time.Duration
}

// Name is that of the cell's row.
func (c Cell) Name() string {
	if c.Rate > 0 {
		return fmt.Sprintf("%s, %g/s", c.Workload.Name, c.Rate)
	}
	return fmt.Sprintf("%s, %d connections", c.Workload.Name, c.Connections)
}

// Plan is all that is measured.
type Plan struct {
	Cells []Cell
	// Rounds is how often; 0 means once.
	Rounds int
	// Starts is how often a contestant is started, if it starts in less than
	// quickStart; 0 means once.
	Starts int
}

// The workloads. The paced stream has the tempo of a quick model.
var (
	small       = Workload{Name: "2 KB", Bytes: 2 << 10}
	large       = Workload{Name: "90 KB", Bytes: 90 << 10}
	smallStream = Workload{Name: "2 KB, stream of 500", Bytes: 2 << 10, Events: 500}
	largeStream = Workload{Name: "90 KB, stream of 500", Bytes: 90 << 10, Events: 500}
	smallPaced  = Workload{Name: "2 KB, stream of 50 each 5 ms", Bytes: 2 << 10, Events: 50, Pace: 5 * time.Millisecond}
	largePaced  = Workload{Name: "90 KB, stream of 50 each 5 ms", Bytes: 90 << 10, Events: 50, Pace: 5 * time.Millisecond}
	longPaced   = Workload{Name: "2 KB, stream of 500 each 20 ms", Bytes: 2 << 10, Events: 500, Pace: 20 * time.Millisecond}
)

// The cells that goals are about.
var (
	latencyCell    = Cell{Workload: small, Rate: 500}
	throughputCell = Cell{Workload: small, Connections: 64}
	streamsCell    = Cell{Workload: longPaced, Connections: 64}
)

// Full measures everything, each cell for that time a round.
func Full(length time.Duration, rounds int) Plan {
	p := Plan{Rounds: rounds, Starts: 5}
	for _, w := range []Workload{small, large} {
		p.open(length, w, 50, 500)
	}
	p.open(length, smallPaced, 10)
	p.open(length, largePaced, 10)
	for _, w := range []Workload{small, large, smallStream, largeStream} {
		p.closed(length, w, 1, 16, 64)
	}
	p.closed(length, longPaced, 64)
	return p
}

// Quick measures what the ratios of History are made of.
func Quick(length time.Duration, rounds int) Plan {
	p := Plan{Rounds: rounds, Starts: 5}
	p.open(length, small, 500)
	p.closed(length, small, 64)
	p.closed(length, longPaced, 64)
	return p
}

// Load keeps a contestant busy for that time, for its profiles: with "small" or
// "large" requests, with "stream", or with each of these in turn.
func Load(kind string, length time.Duration) Plan {
	loads := map[string]Workload{"small": small, "large": large, "stream": smallStream}
	var p Plan
	if w, ok := loads[kind]; ok {
		p.closed(length, w, 16)
		return p
	}
	// Twice as long for the small ones, which are most of what there is.
	p.closed(length/2, small, 16)
	p.closed(length/4, large, 16)
	p.closed(length/4, smallStream, 16)
	return p
}

func (p *Plan) open(length time.Duration, w Workload, rates ...float64) {
	for _, rate := range rates {
		p.Cells = append(p.Cells, Cell{Workload: w, Rate: rate, Length: length})
	}
}

func (p *Plan) closed(length time.Duration, w Workload, connections ...int) {
	for _, n := range connections {
		p.Cells = append(p.Cells, Cell{Workload: w, Connections: n, Length: length})
	}
}
