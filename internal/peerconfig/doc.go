// Package peerconfig turns the configuration of another gateway into a config
// document for Fallow, and says of everything that it could not carry where it
// stood and why.
//
// Reading goes in three steps. A document becomes a tree of values that know
// their path and whether anybody read them (tree.go). A peer's file
// (litellm*.go, bifrost*.go, portkey*.go) makes routes and deployments of the
// tree, in words that all peers share (route.go). These become pools and
// targets (assemble.go) and text (write.go). What nobody read in the end is
// reported (unread.go): a setting that this package does not know is never
// lost without a word.
//
// Secrets that stand in a peer's document are not copied. Each becomes the name
// of an environment variable, and a note says which.
package peerconfig

import (
	"errors"
	"fmt"
	"math"

	"github.com/fallow-dev/fallow/internal/config"
)

// Peer is a gateway whose configuration can be read.
type Peer string

// The peers.
const (
	Bifrost Peer = "bifrost" // config.json
	LiteLLM Peer = "litellm" // the proxy's config.yaml
	Portkey Peer = "portkey" // a config object, JSON
)

// Result is a document and what to know about it.
type Result struct {
	// Document is YAML with comments that config.Parse accepts.
	Document []byte
	// Notes are in the order of the peer's document.
	Notes []Note
}

// Import reads a peer's configuration. The error says that it is none, or that
// nothing in it can be served, or that it is too large for one document; the
// Result then still has the Notes. Neither error, notes nor document repeat a
// secret of the source.
func Import(peer Peer, data []byte) (*Result, error) {
	read, ok := readers[peer]
	if !ok {
		return &Result{}, fmt.Errorf("there is no peer %q: bifrost, litellm and portkey are known", peer)
	}
	root, err := read.parse(data)
	if err != nil {
		return &Result{}, err
	}
	im := newImporter(root, read.refPrefix)
	read.routes(im)
	doc := im.assemble()
	im.noteUnread(root, read.reasons)
	if len(im.tokens) == 0 {
		im.notes = append(im.notes, Note{Secret, "", noClients, math.MaxInt})
	}
	result := &Result{Notes: im.sortedNotes()}
	if len(doc.pools) == 0 || len(doc.routes) == 0 {
		return result, errors.New("nothing in it can be carried over: no model has a provider that Fallow reaches")
	}
	text := doc.write(peer, result.Notes)
	if _, err := config.Parse(text, ""); err != nil {
		return result, fmt.Errorf("what was made of it is no valid document:\n%w", err)
	}
	result.Document = text
	return result, nil
}

// reader is how one peer's documents are read.
type reader struct {
	parse     func([]byte) (*value, error)
	refPrefix string // what begins a reference to an environment variable
	routes    func(*importer)
	reasons   map[string]reason
}

var readers = map[Peer]reader{
	Bifrost: {parseJSON, "env.", (*importer).readBifrost, bifrostReasons},
	LiteLLM: {parseYAML, "os.environ/", (*importer).readLiteLLM, litellmReasons},
	Portkey: {parseJSON, "", (*importer).readPortkey, portkeyReasons},
}
