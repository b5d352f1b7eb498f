package dialogue

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/google/go-cmp/cmp"
)

func TestDemands(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []Demand
	}{
		{"none", "Hello, how is the sim: going?", []Demand{""}},
		{"no word", "simulate", nil},
		{"several", "Please sim:refusal, and sim:pings.", []Demand{DemandRefusal, DemandPings}},
		{"unknown", "sim:dance", []Demand{"dance"}},
		{"within a word", "xsim:pause", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Demands(tt.text)); diff != "" {
				t.Errorf("demands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestComposeOnDemand(t *testing.T) {
	t.Parallel()
	kinds := func(a *Answer) (kinds []Kind) {
		for _, b := range a.Blocks {
			kinds = append(kinds, b.Kind)
		}
		return kinds
	}
	tests := []struct {
		name    string
		demands []Demand
		search  bool
		stop    Stop
		kinds   []Kind
		cites   Cite // of the last block
	}{
		{"nothing", nil, true, EndTurn, []Kind{Text}, CiteNothing},
		{"refusal", []Demand{DemandRefusal, DemandRedacted}, true, Declined, nil, CiteNothing},
		{"pause", []Demand{DemandPause}, true, PauseTurn, []Kind{ServerCall, ServerResult}, CiteNothing},
		{"pause without search", []Demand{DemandPause}, false, PauseTurn, nil, CiteNothing},
		{"window", []Demand{DemandWindow}, false, WindowEnd, []Kind{Text}, CiteNothing},
		{"search", []Demand{DemandSearch}, true, EndTurn, []Kind{ServerCall, ServerResult, Text}, CitePage},
		{"search that is not offered", []Demand{DemandSearch}, false, EndTurn, []Kind{Text}, CiteNothing},
		{"citations", []Demand{DemandCitations}, false, EndTurn, []Kind{Text}, CiteDocument},
		{"redacted", []Demand{DemandRedacted}, false, EndTurn, []Kind{Redacted, Text}, CiteNothing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Compose(&Prompt{Model: catalogue.Model{}, Text: "Hi", MaxTokens: 1000, Demands: tt.demands, Search: tt.search}, 10)
			if diff := cmp.Diff(tt.kinds, kinds(a)); diff != "" || a.Stop != tt.stop {
				t.Errorf("stop %v, want %v; kinds (-want +got):\n%s", a.Stop, tt.stop, diff)
			}
			if n := len(a.Blocks); n > 0 && a.Blocks[n-1].Cites != tt.cites {
				t.Errorf("cites %v, want %v", a.Blocks[n-1].Cites, tt.cites)
			}
			searched := tt.search && len(a.Blocks) > 1
			if got := a.Usage.Searches; (got == 1) != searched {
				t.Errorf("%d searches counted", got)
			}
		})
	}
}
