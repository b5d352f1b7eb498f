package dialogue

import (
	"slices"
	"strings"
)

// Demand is something that the user can have the simulation do by writing
// "sim:" and its name in the last turn, since a model gives no such answer when
// asked nicely. Not every dialect knows all of them.
type Demand string

// The demands.
const (
	DemandRefusal   Demand = "refusal"   // the safety system declines
	DemandPause     Demand = "pause"     // a turn of hosted tools is paused
	DemandWindow    Demand = "window"    // the context window ends the answer
	DemandCitations Demand = "citations" // the answer cites what it was given
	DemandSearch    Demand = "search"    // a hosted search is made, if it is offered
	DemandRedacted  Demand = "redacted"  // a thought comes encrypted
	DemandPings     Demand = "pings"     // a stream has a ping after every event
)

// Demands finds the demands in a text, known or not.
func Demands(text string) []Demand {
	var found []Demand
	for _, word := range strings.Fields(text) {
		if name, ok := strings.CutPrefix(word, "sim:"); ok {
			found = append(found, Demand(strings.TrimRight(name, ".,;:!?")))
		}
	}
	return found
}

// Demanded reports whether the user demands it.
func (p *Prompt) Demanded(d Demand) bool { return slices.Contains(p.Demands, d) }

// Page is what a simulated search finds.
const (
	PageURL   = "https://example.com/token-bucket"
	PageTitle = "Token bucket"
)

// demanded are the blocks that precede an answer on demand.
func demanded(p *Prompt) []Block {
	var blocks []Block
	if p.Demanded(DemandRedacted) {
		blocks = append(blocks, Block{Kind: Redacted, Signature: Sign("redacted", p.Digest)})
	}
	if p.Search && (p.Demanded(DemandSearch) || p.Demanded(DemandPause)) {
		id := ID(hash(p.Digest, "search"))
		blocks = append(blocks,
			Block{Kind: ServerCall, ID: id, Name: "web_search", Pieces: fragments(`{"query":"token bucket"}`)},
			Block{Kind: ServerResult, ID: id})
	}
	return blocks
}

// ends reports how the answer ends on demand; ok is false when it ends as usual.
// A pause says nothing more.
func ends(p *Prompt) (stop Stop, silent, ok bool) {
	switch {
	case p.Demanded(DemandPause):
		return PauseTurn, true, true
	case p.Demanded(DemandWindow):
		return WindowEnd, false, true
	}
	return 0, false, false
}

// cite marks the last block as supported by what there is to cite.
func (a *Answer) cite(p *Prompt) {
	last := &a.Blocks[len(a.Blocks)-1]
	if last.Kind != Text {
		return
	}
	if a.searched() {
		last.Cites = CitePage
	} else if p.Demanded(DemandCitations) {
		last.Cites = CiteDocument
	}
}

func (a *Answer) searched() bool {
	return slices.ContainsFunc(a.Blocks, func(b Block) bool { return b.Kind == ServerResult })
}
