package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
)

type serveCmd struct {
	Config  string        `placeholder:"FILE" help:"Config document. Without it keys are taken from ANTHROPIC_API_KEY, ANTHROPIC_KEY_1..N, OPENAI_API_KEY and OPENAI_KEY_1..N; with none of these a simulated provider is started."`
	Listen  string        `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on (${default})."`
	Store   string        `default:"memory" placeholder:"STORE" help:"Shared state: memory, file:PATH or dynamodb:TABLE (${default})."`
	Drain   time.Duration `default:"30s" placeholder:"TIME" help:"On SIGTERM, how long running answers may take to finish (${default})."`
	LogJSON bool          `help:"Log as JSON lines."`

	LogLevel string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level to log: debug, info, warn or error (${default})."`
}

func (serveCmd) Help() string {
	return `Examples:
  fallow serve                                          pool the keys in the environment
  fallow serve --config fallow.yaml --store file:state.db
  fallow serve --config fallow.yaml --store dynamodb:fallow-state --listen 0.0.0.0:8080

Several processes share cooldowns when they share a DynamoDB table. On anything
but loopback the config must name client tokens, or say allow_anonymous: true.`
}

// Run serves until the context ends, then drains.
func (c *serveCmd) Run(t *terminal) error {
	collectLess(t.environ)
	log := c.logger(t)
	slog.SetDefault(log) // for the AWS SDK, whose settings belong to the process
	setup, err := c.document(t)
	if err != nil {
		return err
	}
	defer setup.close()
	table, closeTable, err := openStore(t.ctx, c.Store, log)
	if err != nil {
		return err
	}
	defer closeTable()
	observer, err := newObserver(t.environ, log)
	if err != nil {
		return err
	}
	defer observer.close(t.ctx)
	work := &background{log: log}
	parts := app.Config{
		Document: setup.doc, Table: table, Environ: setup.environ, After: work.run, LocalAdmin: true,
		Telemetry: observer.Telemetry, Log: log,
	}
	live, err := app.NewLive(t.ctx, app.LiveConfig{
		Config: parts, File: c.Config, Beside: observer.beside,
		Check: func(doc *config.Config) error { return config.CheckListen(doc, c.Listen) },
	})
	if err != nil {
		return err
	}
	observer.follow(live)
	job, err := live.Job()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen", c.Listen, err)
	}
	ctx, stop := context.WithCancel(t.ctx)
	defer stop()
	work.Go(func() { job.Every(ctx, time.Minute) })
	work.Go(func() { live.Warm(ctx) })
	work.Go(func() { live.Follow(ctx) })
	doc, from := live.Current(ctx)
	c.greet(t, log, setup, "http://"+listener.Addr().String(), doc, from)
	err = serve(ctx, listener, work.awaited(live), c.Drain, log)
	stop()
	work.Wait()
	return err
}

// greet says what serves and where: to people in words, and in a line of the log
// to the machines that read it.
func (c *serveCmd) greet(t *terminal, log *slog.Logger, s *setup, url string, doc *config.Config, from revision.Revision) {
	if !c.LogJSON {
		s.greet(t.stderr, url, doc, from)
		return
	}
	log.Info("Fallow serves "+url+"/v1", "config", from.String(), "simulated_provider", s.simulated)
}

func (c *serveCmd) logger(t *terminal) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // one of the flag's
	from := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(t.stderr, from))
	}
	return slog.New(slog.NewTextHandler(t.stderr, from))
}

// serve answers until ctx ends, then takes no new requests and lets running
// ones finish within the bound.
func serve(ctx context.Context, l net.Listener, h http.Handler, drain time.Duration, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	var drained error
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		drained = shutdown(ctx, server, drain, log)
	})
	err := server.Serve(l)
	if stop() { // it failed by itself
		return err
	}
	<-over
	return drained
}

func shutdown(ctx context.Context, server *http.Server, drain time.Duration, log *slog.Logger) error {
	log.Info("draining", "at_most", drain)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("some answers did not finish in time and were cut")
		return server.Close()
	}
	return err
}

// document loads the config, or makes one from what the environment offers.
func (c *serveCmd) document(t *terminal) (*setup, error) {
	if c.Config != "" {
		doc, err := config.Load(c.Config)
		return &setup{doc: doc, environ: t.environ, close: func() {}}, err
	}
	if doc, ok := config.FromEnv(t.environ); ok {
		return &setup{doc: doc, environ: t.environ, close: func() {}}, nil
	}
	return simulated(t)
}
