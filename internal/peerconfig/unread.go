package peerconfig

import (
	"slices"
	"strings"
)

// reason says why a setting was not carried, by its name.
type reason struct {
	kind Kind
	text string
}

// nothing is the reason for names and descriptions, whose loss changes nothing.
var nothing = reason{}

// lost and other shorten the tables of reasons.
func lost(text string) reason  { return reason{NotCarried, text} }
func other(text string) reason { return reason{Otherwise, text} }

// Reasons that hold for several peers.
var (
	ownLimits  = other("Fallow learns each quota from the provider's answers and needs no configured limits")
	ownRetries = other("Fallow tries another key or the next target at once, and waits for room within wait_budget; there is nothing to set")
	ownRests   = other("Fallow rests a quota for as long as the provider's answer says; there is nothing to set")
	noCache    = lost("Fallow keeps no answers to give again")
	noMCP      = lost("Fallow is no MCP gateway")
	noBudgets  = lost("Fallow has no budgets for clients in this version")
	noGuards   = lost("Fallow has no guardrails in this version")
	noParams   = lost("Fallow does not change what clients ask for: set it in the client")
	noHeaders  = lost("Fallow sends no headers of its own choosing to providers")
	noStore    = other("Fallow keeps its state in DynamoDB or in a file, see fallow serve --store")
	ownLogs    = other("Fallow writes logs and metrics by itself, see the dashboard of the stack")
)

// noteUnread reports what nobody read: the topmost values of which nothing
// was, so that a group of settings that means nothing here is one note. The
// sections of a document are not such groups: each setting of one is named.
func (im *importer) noteUnread(v *value, reasons map[string]reason) {
	if v.read || isEmpty(v) {
		return
	}
	r, known := reasons[v.name]
	isSection := v.kind == object && !strings.ContainsAny(v.path, ".[")
	if v.wasRead() || !known && (isSection || explained(v, reasons)) {
		for _, item := range v.items {
			im.noteUnread(item, reasons)
		}
		return
	}
	if !known {
		r = lost("Fallow has no such setting")
	}
	if r != nothing {
		im.note(r.kind, v, "%s", r.text)
	}
}

// explained reports whether the fields of v have reasons of their own, which
// say more than one for all.
func explained(v *value, reasons map[string]reason) bool {
	return slices.ContainsFunc(v.fields(), func(f *value) bool {
		_, ok := reasons[f.name]
		return ok
	})
}

func isEmpty(v *value) bool {
	return v.kind == null || (v.kind == list || v.kind == object) && len(v.items) == 0 || v.kind == text && v.scalar == ""
}
