package revision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/store"
)

// Draft is a document that shall become the next revision.
type Draft struct {
	// Text is the document, YAML or JSON; ignored by Rollback.
	Text []byte
	// File names the text in faults; it may be empty.
	File string
	// Author is who writes, such as a user's name or the ARN of a role: 1 to 256
	// printable characters.
	Author string
	// Note says what for: at most 1000 characters, it may be empty.
	Note string
	// Source is FromCLI, FromDeploy or FromConsole.
	Source string
	// Base is the number of the revision that the draft was made from. 0 means
	// whatever is the head when Apply looks, which fits whoever brings a whole
	// document and not an edit of one.
	Base int64
}

const (
	maxAuthor = 256
	maxNote   = 1000
)

func (d Draft) check() error {
	switch {
	case d.Author == "":
		return errors.New("a revision needs an author")
	case !printable(d.Author, maxAuthor):
		return fmt.Errorf("the author of a revision is 1 to %d printable characters", maxAuthor)
	case !printable(d.Note, maxNote):
		return fmt.Errorf("the note on a revision is at most %d printable characters", maxNote)
	case !slices.Contains([]string{FromCLI, FromDeploy, FromConsole}, d.Source):
		return fmt.Errorf("a revision comes from %s, %s or %s, not from %q", FromCLI, FromDeploy, FromConsole, d.Source)
	}
	return nil
}

// printable keeps control characters off the terminals that show the history.
func printable(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Apply checks the draft and makes it the head. written is false when the head
// has that very text already: applying twice makes one revision.
//
// The error is config.Faults when the document has any, a *Conflict when
// somebody else was faster, a *DriftError when the head forbids the draft's
// source. After any other error the revision may or may not have been made;
// applying again is safe.
func (l *Log) Apply(ctx context.Context, d Draft) (made Revision, written bool, err error) {
	return l.apply(ctx, d, 0)
}

// Rollback makes the text of an earlier revision the head again, as a new
// revision: history is never taken back. It fails as Apply and Get do.
func (l *Log) Rollback(ctx context.Context, number int64, d Draft) (made Revision, written bool, err error) {
	old, err := l.Get(ctx, number)
	if err != nil {
		return Revision{}, false, err
	}
	d.Text, d.File = old.Text, fmt.Sprintf("revision %d", number)
	return l.apply(ctx, d, number)
}

func (l *Log) apply(ctx context.Context, d Draft, rollbackTo int64) (Revision, bool, error) {
	if err := d.check(); err != nil {
		return Revision{}, false, err
	}
	if _, err := config.Parse(d.Text, d.File); err != nil {
		return Revision{}, false, err
	}
	head, err := l.succeeded(ctx)
	if err != nil {
		return Revision{}, false, err
	}
	hash := hashOf(d.Text)
	switch {
	case head.Hash == hash:
		return head.Revision, false, nil
	case d.Base != 0 && d.Base != head.Number:
		return Revision{}, false, &Conflict{Base: d.Base, Other: head.Revision}
	case forbids(head, d.Source):
		return Revision{}, false, &DriftError{Head: head.Revision, Source: d.Source}
	}
	return l.commit(ctx, head, Entry{Revision: Revision{
		Number: head.Number + 1, Hash: hash, Author: d.Author, Note: d.Note, Source: d.Source,
		At: l.cfg.Now().UTC().Truncate(time.Millisecond), RollbackTo: rollbackTo,
	}, Text: d.Text})
}

// succeeded returns the head that a new revision is to follow: the zero Entry
// when there is none. One that is damaged is only a number, without hash and
// text, so that applying a good document mends the line.
func (l *Log) succeeded(ctx context.Context) (Entry, error) {
	item, err := l.headItem(ctx)
	if errors.Is(err, ErrNone) {
		return Entry{}, nil
	}
	if err != nil {
		return Entry{}, err
	}
	head, err := entryOf(item)
	if err != nil {
		return Entry{Revision: Revision{Number: item.Int(attrNumber)}}, nil
	}
	return head, nil
}

// forbids reports whether the head takes no revision from that source. One
// that this program cannot read forbids nothing, or nobody could mend it.
func forbids(head Entry, source string) bool {
	if head.Number == 0 || source == FromDeploy {
		return false
	}
	doc, err := head.Parse()
	return err == nil && doc.Admin.Config.ForbidDrift
}

// commit puts next in the place of head, which first gets its copy for the
// history if it has none yet.
func (l *Log) commit(ctx context.Context, head, next Entry) (Revision, bool, error) {
	unmoved := store.Absent(attrNumber)
	if head.Number > 0 {
		unmoved = store.Is(attrNumber, store.EQ, store.Num(head.Number))
		if err := l.copy(ctx, head); err != nil {
			return Revision{}, false, err
		}
	}
	mark := l.cfg.Mark()
	do, err := next.assigns(mark)
	if err != nil {
		return Revision{}, false, err
	}
	res, err := l.cfg.Table.Update(ctx, l.key(headSort), store.Change{If: unmoved, Do: do})
	if err != nil {
		return Revision{}, false, fmt.Errorf("%w (it may have been written all the same; applying again is safe)", err)
	}
	if !res.Applied && res.Item.Str(attrMark) != mark {
		return lost(head, next, revisionOf(res.Item))
	}
	// The revision is in force. Without its copy it can be read all the same,
	// and whoever writes next makes the copy, so a failure here is none.
	_ = l.copy(ctx, next)
	return next.Revision, true, nil
}

// lost says what it means that another writer was faster; nothing, if both
// wrote the same.
func lost(head, next Entry, other Revision) (Revision, bool, error) {
	if other.Hash == next.Hash {
		return other, false, nil
	}
	return Revision{}, false, &Conflict{Base: head.Number, Other: other}
}

// copy writes a revision under its number, unless that was done or there is
// nothing left of it to copy.
func (l *Log) copy(ctx context.Context, e Entry) error {
	if e.Hash == "" {
		return nil
	}
	do, err := e.assigns("")
	if err != nil {
		return err
	}
	_, err = l.cfg.Table.Update(ctx, l.key(numberSort(e.Number)), store.Change{If: store.Absent(attrNumber), Do: do})
	return err
}
