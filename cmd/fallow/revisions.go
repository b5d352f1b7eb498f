package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
)

// signature says who makes a revision and what for.
type signature struct {
	Author string `placeholder:"NAME" help:"Who makes the revision; your user name if it is left out."`
	Note   string `placeholder:"TEXT" help:"What the revision is for, one line."`
	Deploy bool   `help:"The document comes from a deployment; with admin.config.forbid_drift nothing else may."`
	Base   int64  `placeholder:"REV" help:"Refuse if this is no longer the newest revision."`
	JSON   bool   `name:"json" help:"Print the result as JSON."`
}

func (s signature) draft() (revision.Draft, error) {
	d := revision.Draft{Author: s.Author, Note: s.Note, Source: revision.FromCLI, Base: s.Base}
	if s.Deploy {
		d.Source = revision.FromDeploy
	}
	var err error
	if d.Author == "" {
		d.Author, err = operator()
	}
	return d, err
}

// say tells what became of a draft.
func (s signature) say(t *terminal, r revision.Revision, written bool, err error) error {
	var faults config.Faults
	var conflict *revision.Conflict
	switch {
	case errors.As(err, &faults):
		fmt.Fprintln(t.stderr, faults)
		return fmt.Errorf("the document has %s; nothing was written", count(len(faults), "fault"))
	case errors.As(err, &conflict):
		return outcome{fmt.Errorf("%w\nSee: fallow config diff %d %d", err, conflict.Base, conflict.Other.Number), exitConflict}
	case err != nil:
		return err
	case s.JSON:
		return writeJSON(t.stdout, struct {
			Written  bool              `json:"written"`
			Revision revision.Revision `json:"revision"`
		}{written, r})
	case !written:
		fmt.Fprintf(t.stdout, "revision %d has this document already (%s); nothing was written\n", r.Number, short(r))
	default:
		fmt.Fprintf(t.stdout, "revision %d is in force (%s, by %s)\n", r.Number, short(r), r.Author)
	}
	return nil
}

// short is the name that config.Revision gives a document.
func short(r revision.Revision) string { return r.Hash[:min(12, len(r.Hash))] }

// withLog opens the store and runs f on its revisions.
func withLog(t *terminal, flags storeFlags, f func(*revision.Log) error) error {
	table, done, err := openOperatorStore(t, flags)
	if err != nil {
		return err
	}
	defer done()
	return f(revision.New(revision.Config{Table: table}))
}

type applyCmd struct {
	File string `arg:"" help:"Config document, YAML or JSON."`
	storeFlags
	signature
}

// Help is what --help shows above the flags.
func (applyCmd) Help() string {
	return `Checks the document and makes it the newest revision in the shared table.
Revisions are numbered and never change. Instances whose deployed file says

  admin: {config: {source: table}}

follow the newest revision within 30 seconds; all others keep to their file, and
the table is the history.

Applying what is in force already writes nothing. When somebody else wrote a
revision at the same moment, nothing is written and theirs is named.

  fallow config apply fallow.yaml --table fallow-state --note "weight of key 2"
  fallow config apply fallow.yaml --store file:state.db
  fallow config apply fallow.yaml --deploy --author "$CI_ACTOR"     in a pipeline

--deploy is a word, not a proof: who may write the table is for IAM to say.

Exit codes: 0 in force, 1 failed or faulty, 4 somebody else was faster.`
}

// Run makes the revision.
func (c applyCmd) Run(t *terminal) error {
	d, err := c.draft()
	if err != nil {
		return err
	}
	if d.Text, err = os.ReadFile(c.File); err != nil {
		return err
	}
	d.File = c.File
	return withLog(t, c.storeFlags, func(log *revision.Log) error {
		r, written, err := log.Apply(t.ctx, d)
		return c.say(t, r, written, err)
	})
}

type rollbackCmd struct {
	Rev int64 `arg:"" help:"Number of the revision to go back to; see fallow config history."`
	storeFlags
	signature
}

// Help is what --help shows above the flags.
func (rollbackCmd) Help() string {
	return `Makes the document of an earlier revision the newest one again. That is a new
revision too: history is never taken back, and a rollback can be rolled back.

  fallow config history --table fallow-state
  fallow config diff head 7 --table fallow-state
  fallow config rollback 7 --table fallow-state --note "key 2 was refused"

Exit codes: 0 in force, 1 failed, 4 somebody else was faster.`
}

// Run makes the revision.
func (c rollbackCmd) Run(t *terminal) error {
	d, err := c.draft()
	if err != nil {
		return err
	}
	return withLog(t, c.storeFlags, func(log *revision.Log) error {
		r, written, err := log.Rollback(t.ctx, c.Rev, d)
		return c.say(t, r, written, err)
	})
}

type historyCmd struct {
	Limit int `default:"20" help:"At most so many revisions, newest first (${default})."`
	storeFlags
	JSON bool `name:"json" help:"Print the revisions as JSON."`
}

// Run lists the revisions.
func (c historyCmd) Run(t *terminal) error {
	return withLog(t, c.storeFlags, func(log *revision.Log) error {
		history, err := log.History(t.ctx, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.stdout, history)
		}
		w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "REV\tHASH\tWHEN (UTC)\tFROM\tBY\tNOTE")
		for _, r := range history {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.Number, short(r), r.At.Format("2006-01-02 15:04:05"), r.Source, r.Author, remark(r))
		}
		return w.Flush()
	})
}

func remark(r revision.Revision) string {
	if r.RollbackTo == 0 {
		return r.Note
	}
	return strings.TrimSpace(fmt.Sprintf("[back to %d] %s", r.RollbackTo, r.Note))
}

type diffCmd struct {
	From string `arg:"" name:"file-or-rev" help:"FILE, number of a revision, or head for the newest."`
	To   string `arg:"" optional:"" name:"rev" help:"The same, for what it is compared with."`
	storeFlags
	JSON bool `name:"json" help:"Print the changes as JSON."`
}

// Help is what --help shows above the flags.
func (diffCmd) Help() string {
	return `Shows what differs between two documents, by path: + added, - removed, ~ changed.
Comments, layout and defaults that are written out make no difference. Secrets
are shown as the references that they are.

  fallow config diff fallow.yaml --table fallow-state    what apply would change
  fallow config diff 7 --table fallow-state              what has changed since 7
  fallow config diff 7 9 --table fallow-state            what led from 7 to 9
  fallow config diff old.yaml new.yaml                   needs no table

Exit codes: 0 no difference, 1 failed, 3 there are differences.`
}

// Run prints the changes.
func (c diffCmd) Run(t *terminal) error {
	from, to := c.ends()
	old, err := c.load(t, from)
	if err != nil {
		return err
	}
	now, err := c.load(t, to)
	if err != nil {
		return err
	}
	changes := revision.Diff(old, now)
	if c.JSON {
		err = writeJSON(t.stdout, changes)
	} else {
		for _, change := range changes {
			fmt.Fprintln(t.stdout, change)
		}
	}
	if err == nil && len(changes) > 0 {
		err = outcome{fmt.Errorf("%s from %s to %s", count(len(changes), "difference"), from, to), exitDiffers}
	}
	return err
}

// head is how the newest revision is called on the command line.
const head = "head"

// ends returns what is compared with what. A file alone is what the head may
// become; a revision alone is what it was.
func (c diffCmd) ends() (from, to string) {
	if _, ok := revisionArg(c.From); c.To == "" && !ok {
		return head, c.From
	}
	return c.From, cmp.Or(c.To, head)
}

// revisionArg reads an argument that names a revision; 0 is the head.
func revisionArg(arg string) (number int64, ok bool) {
	if arg == head {
		return 0, true
	}
	number, err := strconv.ParseInt(arg, 10, 64)
	return number, err == nil && number > 0
}

func (c diffCmd) load(t *terminal, arg string) (doc *config.Config, err error) {
	number, ok := revisionArg(arg)
	if !ok {
		return config.Load(arg)
	}
	err = withLog(t, c.storeFlags, func(log *revision.Log) error {
		var e revision.Entry
		if number == 0 {
			e, err = log.Head(t.ctx)
		} else {
			e, err = log.Get(t.ctx, number)
		}
		if err == nil {
			doc, err = e.Parse()
		}
		return err
	})
	return doc, err
}
