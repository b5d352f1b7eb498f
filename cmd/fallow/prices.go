package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/prices"
)

// pricesCmd holds the commands about what models cost.
type pricesCmd struct {
	Refresh refreshCmd `cmd:"" help:"Rewrite the price file from a newer source and show what changed."`
}

type refreshCmd struct {
	From   string `required:"" placeholder:"FILE|URL" help:"LiteLLM's model_prices_and_context_window.json: a file, or an https URL."`
	Source string `default:"LiteLLM" help:"Name and version of the source, for the head of the file."`
	Date   string `placeholder:"YYYY-MM-DD" help:"Day on which the source was taken; today if it is left out."`
	Out    string `default:"internal/prices/prices.tsv" help:"Price file to rewrite."`
}

// Help is what --help shows above the flags.
func (refreshCmd) Help() string {
	return `For those who build Fallow: the price file is part of the binary, and a
release never fetches prices by itself.

Run it at the root of the repository. It keeps, of the source, the models that
Fallow can reach and that are paid by the token, writes them sorted, and prints
one line for each model that is new (+), gone (-) or has other figures (~, with
what it had). The same source and date give the same file; when no figure
changed, nothing is written.

Then read the changes, and put the hash it prints into internal/prices/pin.go.

  pip download --no-deps litellm && unzip -j litellm-*.whl '*model_prices*'
  fallow prices refresh --from model_prices_and_context_window_backup.json --source "LiteLLM 1.109.1"`
}

// Run prints the changes on stdout and what to do about them on stderr.
func (c *refreshCmd) Run(t *terminal) error {
	if c.Date == "" {
		c.Date = time.Now().UTC().Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, c.Date); err != nil {
		return fmt.Errorf("--date %q is not a day: write it as 2026-11-22", c.Date)
	}
	if strings.ContainsAny(c.Source, "\r\n\t") {
		return errors.New("--source must be one line")
	}
	source, err := readSource(t.ctx, c.From)
	if err != nil {
		return err
	}
	file, err := prices.Prune(source, prices.Origin{Name: c.Source, Date: c.Date})
	if err != nil {
		return err
	}
	return c.replace(t, file)
}

func (c *refreshCmd) replace(t *terminal, file []byte) error {
	old, err := os.ReadFile(c.Out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	changes := prices.Diff(old, file)
	if len(changes) == 0 {
		fmt.Fprintf(t.stderr, "%s is up to date\n", c.Out)
		return nil
	}
	if err := writeWhole(c.Out, file); err != nil {
		return err
	}
	fmt.Fprintln(t.stdout, strings.Join(changes, "\n"))
	fmt.Fprintf(t.stderr, "%s has %s. Read the changes, then write into internal/prices/pin.go:\n\n\tconst dataSHA256 = \"%x\"\n",
		c.Out, count(len(changes), "change"), sha256.Sum256(file))
	return nil
}

// writeWhole replaces a file in one step, so that an interrupted command
// leaves the old one.
func writeWhole(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".fallow-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone when all went well
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// maxSource bounds the source, which has about 3 MB.
const maxSource = 32 << 20

func readSource(ctx context.Context, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err == nil && u.Host != "" {
		return fetchSource(ctx, u)
	}
	file, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return readBounded(file, from)
}

func fetchSource(ctx context.Context, u *url.URL) ([]byte, error) {
	if u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		return nil, fmt.Errorf("%s: prices decide about budgets, fetch them over https", u.Redacted())
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", u.Redacted(), resp.Status)
	}
	return readBounded(resp.Body, u.Redacted())
}

func readBounded(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if len(data) > maxSource {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxSource>>20)
	}
	return data, err
}
