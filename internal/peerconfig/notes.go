package peerconfig

import (
	"cmp"
	"fmt"
	"slices"
)

// Kind says what a note is about.
type Kind string

// The kinds of notes.
const (
	// NotCarried is what the peer did and Fallow will not do.
	NotCarried Kind = "not carried"
	// Otherwise is what Fallow does in its own way, or without being told.
	Otherwise Kind = "otherwise"
	// Secret is a credential that stood in the source and was not copied.
	Secret Kind = "secret"
)

// Note is one thing to know about what was imported.
type Note struct {
	Kind Kind
	// Path leads to the place in the peer's document, as in
	// model_list[0].litellm_params.api_key; empty for the whole.
	Path string
	// Text says why, and what to do. It repeats nothing that looks like a
	// credential.
	Text string
	at   int
}

// String is "path: text"; only the text for a note of the whole.
func (n Note) String() string {
	if n.Path == "" {
		return n.Text
	}
	return n.Path + ": " + n.Text
}

// importer is what reading a document has found so far.
type importer struct {
	root   *value
	routes []*route
	byName map[string]*route
	tokens []client
	vault  vault
	notes  []Note
	noted  map[Note]bool
}

func newImporter(root *value, refPrefix string) *importer {
	im := &importer{root: root, noted: map[Note]bool{}, byName: map[string]*route{}}
	im.vault = newVault(root, refPrefix)
	return im
}

// note adds a note about v, once.
func (im *importer) note(k Kind, v *value, format string, args ...any) {
	n := Note{k, v.path, fmt.Sprintf(format, args...), v.at}
	if !im.noted[n] {
		im.noted[n] = true
		im.notes = append(im.notes, n)
	}
}

// lose notes that v could not be carried, with all that is in it.
func (im *importer) lose(v *value, format string, args ...any) {
	im.note(NotCarried, v, format, args...)
	v.settle()
}

func (im *importer) sortedNotes() []Note {
	slices.SortStableFunc(im.notes, func(a, b Note) int { return cmp.Compare(a.at, b.at) })
	return im.notes
}
