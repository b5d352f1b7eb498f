// Package revision keeps the versions of the config document in the shared
// table.
//
// There is one document and many who write it: the command line, a deployment,
// the console. Each write is a revision, numbered, signed and never changed
// again. The newest one, the head, is in force.
//
// The head item holds its whole document, and making a revision is one
// conditional write of it; the item of its number is a copy, made afterwards
// for the history. A head that only points at a revision lost: that takes two
// writes of which the first can be left without the second, and every reader
// two reads. So all revisions below the head have their copy, and the head's
// own is made by whoever writes next if its writer did not get to it.
package revision

import (
	"errors"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
)

// Where a revision comes from.
const (
	FromCLI     = "cli"     // fallow config apply or rollback, by hand
	FromDeploy  = "deploy"  // a deployment, which has the committed file
	FromConsole = "console" // an edit in the console

	// FromFile marks the document that a process was deployed with, which is
	// no revision and has no number.
	FromFile = "file"
)

// Revision is what is known of a version of the document, beside its text.
type Revision struct {
	// Number counts from 1; 0 is the file that a process was deployed with.
	Number int64 `json:"number"`
	// Hash is the SHA-256 of the text in hexadecimal. Its first 12 digits are
	// what config.Revision returns.
	Hash string `json:"hash"`
	// Author is who wrote it, as the writer said.
	Author string `json:"author,omitempty"`
	// At is when it was written, by the writer's clock, to the millisecond.
	At time.Time `json:"at,omitzero"`
	// Note says what for; it may be empty.
	Note string `json:"note,omitempty"`
	// Source is one of the constants.
	Source string `json:"source"`
	// RollbackTo is the number of the revision whose text this one has again; 0
	// for all others.
	RollbackTo int64 `json:"rollback_to,omitempty"`
}

// String names the revision for a log or a message.
func (r Revision) String() string {
	if r.Number == 0 {
		return "the deployed file"
	}
	return fmt.Sprintf("revision %d by %s (%s, %s)", r.Number, r.Author, r.Source, r.At.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// Entry is a revision and its text.
type Entry struct {
	Revision
	Text []byte
}

// Parse reads and checks the document. A revision that was written by a newer
// program may not pass; the error is config.Faults.
func (e Entry) Parse() (*config.Config, error) {
	return config.Parse(e.Text, fmt.Sprintf("revision %d", e.Number))
}

// ErrNone is returned where there is no revision yet.
var ErrNone = errors.New("there is no revision yet; `fallow config apply FILE` makes the first")

// NotFoundError says that there is no revision of that number.
type NotFoundError struct {
	Number int64
	// Head is the newest revision.
	Head int64
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no revision %d; there are 1 to %d", e.Number, e.Head)
}

// Conflict says that somebody else wrote a revision since the one that a
// draft was made from. It is an ordinary result: nothing was written, and
// whoever drafted decides what to do about the other's changes.
type Conflict struct {
	// Base is the number of the revision that the draft was made from.
	Base int64
	// Other is the head that stands there now.
	Other Revision
}

func (e *Conflict) Error() string {
	return fmt.Sprintf("%s was written since revision %d: look at what it changed, then apply again", e.Other, e.Base)
}

// DriftError says that the revision in force forbids those that come from
// anywhere but a deployment.
type DriftError struct {
	Head   Revision
	Source string
}

func (e *DriftError) Error() string {
	return fmt.Sprintf("%s has admin.config.forbid_drift: change the committed file and deploy it; a revision from %q would drift away from it",
		e.Head, e.Source)
}
