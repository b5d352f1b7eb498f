package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/fallow-dev/fallow/internal/config"
)

// configCmd holds the commands about the config document and its revisions.
type configCmd struct {
	Validate validateCmd `cmd:"" help:"Check a config document and report every fault in it."`
	Schema   schemaCmd   `cmd:"" help:"Print the JSON Schema of config documents, for editors."`
	Apply    applyCmd    `cmd:"" help:"Check a config document and make it the newest revision in the shared table."`
	Diff     diffCmd     `cmd:"" help:"Show what differs between config documents, in files or in the shared table."`
	History  historyCmd  `cmd:"" help:"List the revisions in the shared table."`
	Rollback rollbackCmd `cmd:"" help:"Make an earlier revision the newest again."`
	Import   importCmd   `cmd:"" help:"Turn a configuration of Bifrost, LiteLLM or Portkey into a config document."`
}

type validateCmd struct {
	File string `arg:"" help:"Config document, YAML or JSON."`
}

// Run reports all faults on stderr, where a terminal and a CI log show them,
// or says on stdout what the document holds.
func (c validateCmd) Run(t *terminal) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	doc, err := config.Parse(data, c.File)
	var faults config.Faults
	if errors.As(err, &faults) {
		fmt.Fprintln(t.stderr, faults)
		return fmt.Errorf("%s has %s", c.File, count(len(faults), "fault"))
	}
	if err != nil {
		return err
	}
	keys := 0
	for _, p := range doc.Pools {
		keys += len(p.Keys)
	}
	fmt.Fprintf(t.stdout, "%s is valid: revision %s, %s with %s, %s\n", c.File, config.Revision(data),
		count(len(doc.Pools), "pool"), count(keys, "key"), count(len(doc.Models), "route"))
	return nil
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

type schemaCmd struct{}

// Run prints the schema.
func (schemaCmd) Run(t *terminal) error {
	_, err := t.stdout.Write(config.Schema())
	return err
}
