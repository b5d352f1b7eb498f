package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/fallow-dev/fallow/internal/overhead"
)

// profileCmd writes profiles of the server mode under load.
type profileCmd struct {
	Fallow string        `default:"bin/fallow-pprof" placeholder:"FILE" help:"A binary built with -tags pprof (${default})."`
	Time   time.Duration `default:"20s" help:"How long (${default})."`
	Out    string        `default:"." placeholder:"DIR" help:"Where cpu.pprof and allocs.pprof go (${default})."`
	Only   string        `default:"mixed" enum:"mixed,small,large,stream" help:"The load: requests of 2 KB, of 90 KB, streams of 500 events, or these in turn (${default})."`
}

// Help is what --help shows above the flags.
func (profileCmd) Help() string {
	return `  make profile                                bin/cpu.pprof and bin/allocs.pprof
  bench profile --only large --out bin     then: go tool pprof -top bin/cpu.pprof`
}

// Run loads a gateway and fetches its profiles meanwhile.
func (c *profileCmd) Run(t *terminal) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	binary, err := installed(c.Fallow)
	if err != nil {
		return fmt.Errorf("%w; build it with go build -tags pprof -o %s ./cmd/fallow", err, c.Fallow)
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	addr, err := overhead.FreeAddr()
	if err != nil {
		return err
	}
	own, fetched := overhead.Fallow(binary, ""), make(chan error, 1)
	result, err := overhead.Run(t.ctx, overhead.Config{
		Plan: overhead.Load(c.Only, c.Time), Self: self, Dir: dir,
		Contestants: []overhead.Contestant{own.With("FALLOW_PPROF=" + addr)},
		Before:      func() { go func() { fetched <- c.fetch(t.ctx, "http://"+addr+"/debug/pprof/") }() },
	})
	if err != nil {
		return err
	}
	if problem := result.Reports[0].Problem; problem != "" {
		return fmt.Errorf("%s; see %s", problem, dir)
	}
	return errors.Join(<-fetched, os.RemoveAll(dir))
}

// fetch writes the profiles.
func (c *profileCmd) fetch(ctx context.Context, from string) error {
	seconds := max(1, int(c.Time.Seconds()*0.9)) // the load must not end before
	return errors.Join(
		c.file(ctx, fmt.Sprintf("%sprofile?seconds=%d", from, seconds), "cpu.pprof"),
		c.file(ctx, from+"allocs", "allocs.pprof"),
	)
}

func (c *profileCmd) file(ctx context.Context, url, name string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	f, err := os.Create(filepath.Join(c.Out, name))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}
