package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/secret"
)

// keysCmd holds the commands about credentials in Secrets Manager.
type keysCmd struct {
	Set  setKeysCmd  `cmd:"" help:"Store keys, typed without echo or from a file."`
	List listKeysCmd `cmd:"" help:"Show which keys are set, never their values."`
}

// vault opens Secrets Manager, where AWS_ENDPOINT_URL leads if it is set.
func vault(ctx context.Context) (secret.EditAPI, error) {
	cfg, err := app.AWS(ctx)
	if err != nil {
		return nil, err
	}
	return secretsmanager.NewFromConfig(cfg), nil
}

type setKeysCmd struct {
	Names []string `arg:"" optional:"" name:"name" help:"Names of the keys: KEY, POOL/KEY, POOL/admin_key, clients/TOKEN, clients/edge/N or admin. Never the credentials."`
	keyPlaces
	FromFile string `placeholder:"FILE" help:"Read the credentials from a file, or from standard input if FILE is -."`
	JSON     bool   `name:"json" help:"Print what was done as JSON."`

	in  *os.File                                      // nil: standard input
	api func(context.Context) (secret.EditAPI, error) // nil: vault
}

// Help is what --help shows above the flags.
func (setKeysCmd) Help() string {
	return `Stores credentials where the config document says they are, in AWS Secrets
Manager. Each is asked for and typed or pasted without echo; an empty line leaves
the key as it is. Other fields of the same secret stay, also those that somebody
else changes at the same moment.

  fallow keys set anthropic-1 anthropic-2
  fallow keys set anthropic-1 < key.txt                 one credential, from a pipe
  fallow keys set --from-file keys.json                 {"anthropic-1": "sk-...", ...}
  fallow keys set --secret fallow/keys anthropic_1      without a document

A credential as an argument is refused. AWS_ENDPOINT_URL leads to an emulator.
Running instances use a new key within five minutes, and at once when the
provider refuses the old one.

Needs leave to secretsmanager:GetSecretValue, PutSecretValue and
UpdateSecretVersionStage on the secrets.`
}

// Run stores the credentials, all of one secret in one version.
func (c setKeysCmd) Run(t *terminal) error {
	slots, err := c.slots(c.Names)
	if err != nil {
		return err
	}
	values, err := c.values(t, slots)
	if err != nil {
		return err
	}
	places, err := grouped(slots, values)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return errors.New("nothing was given; nothing was changed")
	}
	if c.api == nil {
		c.api = vault
	}
	api, err := c.api(t.ctx)
	if err != nil {
		return err
	}
	return c.store(t, secret.NewEditor(api), places)
}

// stored is what became of one secret.
type stored struct {
	Secret  string   `json:"secret"`
	Fields  []string `json:"fields"`
	Version string   `json:"version"`
	Changed bool     `json:"changed"`
}

func (c setKeysCmd) store(t *terminal, e secret.Editor, places map[string]map[string]secret.Value) error {
	var done []stored
	for _, id := range slices.Sorted(maps.Keys(places)) {
		version, changed, err := e.Set(t.ctx, id, places[id])
		if errors.Is(err, secret.ErrGone) {
			err = fmt.Errorf("%w\nThe stack makes it: deploy first, or look at AWS_PROFILE and AWS_REGION", err)
		}
		if err != nil {
			return fmt.Errorf("secret %s: %w", id, err)
		}
		done = append(done, stored{id, slices.Sorted(maps.Keys(places[id])), version, changed})
		if !c.JSON {
			fmt.Fprintf(t.stdout, "%s: %s %s (version %s)\n", id, listed(done[len(done)-1].Fields), verb(changed), version)
		}
	}
	if c.JSON {
		return writeJSON(t.stdout, done)
	}
	return nil
}

func verb(changed bool) string {
	if changed {
		return "set"
	}
	return "had this value already"
}

func listed(fields []string) string {
	if len(fields) == 1 && fields[0] == "" {
		return "the whole text"
	}
	return strings.Join(fields, ", ")
}

// grouped collects the values by secret and field. A slot without a value is
// left as it is.
func grouped(slots []slot, values map[string]secret.Value) (map[string]map[string]secret.Value, error) {
	places := map[string]map[string]secret.Value{}
	for _, s := range slots {
		v, ok := values[s.Name]
		if !ok {
			continue
		}
		if s.Ref.Scheme != secret.SchemeSecretsManager {
			return nil, fmt.Errorf("%s stands at %s, not in Secrets Manager: put it there yourself", s.Name, s.Ref)
		}
		fields := places[s.Ref.ID]
		if fields == nil {
			fields = map[string]secret.Value{}
			places[s.Ref.ID] = fields
		}
		if other, dup := fields[s.Ref.Field]; dup && !other.Equal(v) {
			return nil, fmt.Errorf("%s has two names here, and two values", s.Ref)
		}
		fields[s.Ref.Field] = v
	}
	return places, nil
}

type listKeysCmd struct {
	keyPlaces
	JSON bool `name:"json" help:"Print the list as JSON."`

	api func(context.Context) (secret.EditAPI, error) // nil: vault
}

// Help is what --help shows above the flags.
func (listKeysCmd) Help() string {
	return `Shows, for each key of the config document, where it is, whether it is set, and
which version of the secret that is. No value is shown, and none of its length or
beginning. Whether a key works is for 'fallow doctor' to say.

  fallow keys list
  fallow keys list --secret fallow/keys --json`
}

// keyLine is what is shown of a key.
type keyLine struct {
	Name    string     `json:"name"`
	Ref     string     `json:"ref"`
	State   string     `json:"state"`
	Version string     `json:"version,omitempty"`
	Changed *time.Time `json:"changed,omitempty"`
	// Why says why the state is not known.
	Why string `json:"why,omitempty"`
}

// Run prints the list.
func (c listKeysCmd) Run(t *terminal) error {
	if c.api == nil {
		c.api = vault
	}
	slots, err := c.slots(nil)
	if err != nil {
		return err
	}
	seen := &looks{ctx: t.ctx, open: c.api, known: map[string]look{}}
	if c.Secret != "" {
		if slots, err = seen.fields(c.Secret); err != nil {
			return fmt.Errorf("secret %s: %w", c.Secret, err)
		}
	}
	lines := []keyLine{}
	for _, s := range slots {
		lines = append(lines, seen.line(s, t.environ))
	}
	if c.JSON {
		return writeJSON(t.stdout, lines)
	}
	return showKeys(t, lines)
}

// showKeys prints the list for a person, and below it, once for all keys of a
// secret, why that could not be read.
func showKeys(t *terminal, lines []keyLine) error {
	w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTATE\tVERSION\tCHANGED (UTC)\tWHERE")
	var whys []string
	for _, l := range lines {
		changed := ""
		if l.Changed != nil {
			changed = l.Changed.Format("2006-01-02 15:04")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.State, l.Version, changed, l.Ref)
		if l.Why != "" && !slices.Contains(whys, l.Why) {
			whys = append(whys, l.Why)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, why := range whys {
		fmt.Fprintf(t.stderr, "unreadable: %s\n", why)
	}
	return nil
}
