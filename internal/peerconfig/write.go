package peerconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// write makes the text of the document. An encoder lost: the comments are half
// of what a reader needs.
func (d *document) write(peer Peer, notes []Note) []byte {
	w := &writer{}
	w.line("# Made from a configuration of %s by: fallow config import %s", titles[peer], peer)
	w.line("# Check it after every change: fallow config validate FILE")
	w.summary(d, notes)
	w.line("version: 1\n\npools:")
	for _, p := range d.pools {
		w.pool(p)
	}
	w.line("\n# A model that clients may ask for, and where it goes. Several targets are tried in order.\nmodels:")
	for _, r := range d.routes {
		w.route(r)
	}
	w.clients(d.tokens)
	return []byte(w.String())
}

var titles = map[Peer]string{Bifrost: "Bifrost", LiteLLM: "LiteLLM", Portkey: "Portkey"}

type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// summary says what is left to do, since the report may be gone by the time
// that somebody reads the document.
func (w *writer) summary(d *document, notes []Note) {
	count := map[Kind]int{}
	for _, n := range notes {
		count[n.Kind]++
	}
	w.line("#\n# Not carried over: %d. Done otherwise: %d. Secrets to put in place: %d. Import again to see which.",
		count[NotCarried], count[Otherwise], count[Secret])
	var variables []string
	for _, ref := range d.refs() {
		if name, ok := strings.CutPrefix(ref, "env:"); ok {
			variables = append(variables, name)
		}
	}
	if len(variables) > 0 {
		w.line("# Reads from the environment: %s.", strings.Join(variables, ", "))
	}
}

// refs are all references of the document, sorted.
func (d *document) refs() []string {
	var refs []string
	for _, p := range d.pools {
		for _, k := range p.keys {
			refs = append(refs, k.ref)
		}
	}
	for _, c := range d.tokens {
		refs = append(refs, c.ref)
	}
	if len(d.tokens) == 0 {
		refs = append(refs, newToken)
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

func (w *writer) pool(p *pool) {
	w.line("  %s:%s", name(p.name), from(p.at.path))
	w.line("    provider: %s", p.endpoint.provider)
	if p.endpoint.baseURL != "" {
		w.line("    base_url: %s", strconv.Quote(p.endpoint.baseURL))
	}
	w.line("    keys:")
	for _, k := range p.keys {
		weight := ""
		if k.weight != 1 {
			weight = ", weight: " + strconv.FormatFloat(k.weight, 'f', -1, 64)
		}
		w.line("      - {name: %s, secret: %s%s}", name(k.name), strconv.Quote(k.ref), weight)
	}
	if p.endpoint.timeouts != (timeouts{}) {
		t := p.endpoint.timeouts.written()
		w.line("    timeouts: {connect: %v, first_token: %v, idle: %v, total: %v}", t.Connect, t.FirstToken, t.Idle, t.Total)
	}
}

func (w *writer) route(r served) {
	w.line("  %s:%s", strconv.Quote(r.name), from(r.from))
	w.line("    targets:")
	for _, t := range r.targets {
		if t.model == "" {
			w.line("      - {pool: %s}", name(t.pool))
			continue
		}
		w.line("      - {pool: %s, model: %s}", name(t.pool), strconv.Quote(t.model))
	}
}

// newToken stands in for tokens where the source has none: a gateway that
// serves anybody is not what somebody gets without asking for it.
const newToken = "env:FALLOW_CLIENT_TOKEN"

const noClients = "it names no clients: choose a token, put it into the environment variable FALLOW_CLIENT_TOKEN, and give it to yours"

func (w *writer) clients(tokens []client) {
	w.line("\nclients:\n  auth: tokens\n  tokens:")
	if len(tokens) == 0 {
		w.line("    # The source names no client. Choose a token and give it to your clients.")
		tokens = []client{{"client", newToken}}
	}
	for _, c := range tokens {
		w.line("    - {name: %s, secret: %s}", name(c.name), strconv.Quote(c.ref))
	}
}

// from is the comment that leads back to the source; none for the whole of it.
func from(path string) string {
	if path == "" {
		return ""
	}
	return " # from " + path
}

// name writes a name, in quotes where YAML would read something else.
func name(s string) string {
	if plainName.MatchString(s) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, s) {
		return s
	}
	return strconv.Quote(s)
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
