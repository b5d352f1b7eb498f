package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/fallow-dev/fallow/internal/peerconfig"
)

type importCmd struct {
	Peer   string `arg:"" enum:"bifrost,litellm,portkey" help:"Whose configuration it is: bifrost, litellm or portkey."`
	File   string `arg:"" help:"Configuration: Bifrost's config.json, LiteLLM's config.yaml, or a Portkey config (JSON)."`
	Out    string `short:"o" placeholder:"FILE" help:"File to write, which must not exist; standard output if it is left out."`
	Strict bool   `help:"Exit with 3 when something could not be carried over."`
}

// Help is what --help shows above the flags.
func (importCmd) Help() string {
	return `Turns another gateway's configuration into a config document for Fallow, with
comments that lead back to where each part came from. The document passes
'fallow config validate'; read it all the same.

Carried over: providers, keys and weights become pools; models, aliases,
fallbacks and conditions on the model's name become routes; timeouts become
timeouts; virtual keys and the master key become client tokens.

The report on standard error names, with its path in the source, everything
that was not carried over and why, what Fallow does in its own way (limits are
learned, retries and cooldowns need no settings), and which secrets to put in
place. Secrets that stand in the source in clear are never copied or shown:
each becomes the name of an environment variable for you to fill.

  fallow config import litellm config.yaml -o fallow.yaml
  fallow config import bifrost config.json --strict > fallow.yaml
  fallow serve --config fallow.yaml

Exit codes: 0 done, 1 nothing could be made of it, 3 with --strict when
something was not carried over (the document is written all the same).`
}

// Run writes the document, and the report on stderr, where it is not mixed
// with a document that is redirected to a file.
func (c importCmd) Run(t *terminal) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	result, err := peerconfig.Import(peerconfig.Peer(c.Peer), data)
	lost := report(t.stderr, result.Notes)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if err := c.write(t, result.Document); err != nil {
		return err
	}
	if c.Strict && lost > 0 {
		return incomplete(lost)
	}
	return nil
}

func (c importCmd) write(t *terminal, document []byte) error {
	if c.Out == "" {
		_, err := t.stdout.Write(document)
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it is left as it is; remove it, or name another with -o", err)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(document)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		fmt.Fprintf(t.stderr, "\n%s is written. Next: fallow serve --config %s\n", c.Out, c.Out)
	}
	return err
}

// report lists the notes by kind and returns how many tell of a loss.
func report(w io.Writer, notes []peerconfig.Note) (lost int) {
	for _, section := range []struct {
		kind  peerconfig.Kind
		title string
	}{
		{peerconfig.NotCarried, "Not carried over"},
		{peerconfig.Otherwise, "Done otherwise"},
		{peerconfig.Secret, "Secrets to put in place"},
	} {
		var lines []peerconfig.Note
		for _, n := range notes {
			if n.Kind == section.kind {
				lines = append(lines, n)
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(w, "%s (%d):\n", section.title, len(lines))
		}
		for _, n := range lines {
			fmt.Fprintf(w, "  %s\n", n)
		}
		if section.kind == peerconfig.NotCarried {
			lost = len(lines)
		}
	}
	return lost
}

// incomplete is the error of --strict: how many settings were not carried over.
type incomplete int

func (n incomplete) Error() string {
	return count(int(n), "setting") + " could not be carried over, see the report"
}

// ExitCode tells incomplete from failed, for scripts.
func (incomplete) ExitCode() int { return 3 }
