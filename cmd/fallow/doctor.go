package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/secret"
)

type doctorCmd struct {
	Config string `placeholder:"FILE" help:"Config document; fallow.yaml if it is there, else the keys in the environment as for serve."`
	storeFlags
	Timeout time.Duration `default:"20s" placeholder:"TIME" help:"How long the whole may take (${default})."`
	JSON    bool          `name:"json" help:"Print the report as JSON."`
}

// Help is what --help shows above the flags.
func (doctorCmd) Help() string {
	return `Examines what a deployment needs and says what to do about each fault: AWS
credentials, every secret, the table (key, expiry, point-in-time recovery), the
config's revisions, when the scheduled job last ran, and each key, with the call
that lists models, which is free. It changes nothing.

It also tells which keys share a quota, by what the providers' answers say, and
whether pooling them gains anything: four keys of one organisation are one quota.

  fallow doctor --table fallow-state
  fallow doctor --config fallow.yaml --json
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 fallow doctor --table fallow-state

Exit codes: 0 nothing fails (there may be warnings), 1 something does.`
}

// Run examines, prints and fails if something does.
func (c doctorCmd) Run(t *terminal) error {
	doc, err := c.document(t)
	if err != nil {
		return err
	}
	cfg, done, err := c.examined(t, doc)
	if err != nil {
		return err
	}
	defer done()
	report := doctor.Run(t.ctx, cfg)
	if c.JSON {
		err = writeJSON(t.stdout, report)
	} else {
		prescribe(t.stdout, report)
	}
	if n := report.Count(doctor.Fail); err == nil && n > 0 {
		err = fmt.Errorf("doctor: %s", count(n, "failure"))
	}
	return err
}

// document is the one that is meant, or made of the keys in the environment.
func (c doctorCmd) document(t *terminal) (*config.Config, error) {
	if c.Config != "" {
		return config.Load(c.Config)
	}
	const usual = "fallow.yaml"
	if _, err := os.Stat(usual); !errors.Is(err, fs.ErrNotExist) {
		return config.Load(usual)
	}
	if doc, ok := config.FromEnv(t.environ); ok {
		return doc, nil
	}
	return nil, errors.New("there is no fallow.yaml here and no key in the environment: name a document with --config")
}

// examined says what is looked at.
func (c doctorCmd) examined(t *terminal, doc *config.Config) (cfg doctor.Config, done func(), err error) {
	parts := app.Config{Document: doc, Environ: t.environ}
	done = func() {}
	name := c.name(t)
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		if _, err := os.Stat(path); err != nil { // opening it would make it
			return cfg, done, fmt.Errorf("--store: %w: name the file that a server keeps its state in", err)
		}
	}
	if name != "" {
		if parts.Table, done, err = openOperatorStore(t, c.storeFlags); err != nil {
			return cfg, done, err
		}
	}
	if cfg, err = app.Doctor(parts); err != nil {
		done()
		return cfg, nil, err
	}
	cfg.Timeout = c.Timeout
	table, isDynamo := strings.CutPrefix(name, "dynamodb:")
	if isDynamo {
		settings, err := app.AWS(t.ctx)
		if err != nil {
			return cfg, done, err
		}
		cfg.Dynamo, cfg.TableName = dynamodb.NewFromConfig(settings), table
	}
	if isDynamo || usesAWS(doc) {
		cfg.Credentials = credentials
	}
	return cfg, done, nil
}

func usesAWS(doc *config.Config) bool {
	return slices.ContainsFunc(slotsOf(doc), func(s slot) bool {
		return s.Ref.Scheme == secret.SchemeSecretsManager || s.Ref.Scheme == secret.SchemeAWS
	})
}

// credentials finds those that the AWS SDK would use.
func credentials(ctx context.Context) (string, error) {
	cfg, err := app.AWS(ctx)
	if err != nil {
		return "", err
	}
	if cfg.Region == "" {
		return "", errors.New("no region is set")
	}
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("none were found: %w", err)
	}
	where := fmt.Sprintf("found (%s), region %s", found.Source, cfg.Region)
	if endpoint := cfg.BaseEndpoint; endpoint != nil {
		where += ", at " + *endpoint
	}
	return where, nil
}

var signs = map[doctor.Level]string{doctor.OK: "ok  ", doctor.Warn: "warn", doctor.Fail: "FAIL"}

// prescribe prints a report for a person.
func prescribe(w io.Writer, r doctor.Report) {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s  %s: %s\n", signs[f.Level], f.About, f.What)
		if f.Fix != "" {
			fmt.Fprintf(w, "      %s\n", f.Fix)
		}
	}
	for _, p := range r.Pools {
		fmt.Fprintf(w, "\npool %s (%s): %s\n", p.Name, p.Provider, p.Gain)
		for _, g := range p.Groups {
			known := ""
			if !g.Known {
				known = " (not known whose)"
			}
			fmt.Fprintf(w, "  quota group %s%s: %s\n", g.Name, known, strings.Join(g.Keys, ", "))
		}
	}
	fmt.Fprintf(w, "\n%d ok, %s, %s\n", r.Count(doctor.OK), count(r.Count(doctor.Warn), "warning"), count(r.Count(doctor.Fail), "failure"))
}
