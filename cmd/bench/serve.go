package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/fallow-dev/fallow/internal/overhead"
)

// upstreamCmd is the provider behind all contestants, as a process of its own.
type upstreamCmd struct {
	Listen string `required:"" placeholder:"ADDR" help:"Loopback address to listen on."`
}

// Run serves until the context ends.
func (c *upstreamCmd) Run(t *terminal) error { return serve(t.ctx, c.Listen, overhead.Upstream()) }

// proxyCmd is the bare reverse proxy, as a process of its own.
type proxyCmd struct {
	Listen   string   `required:"" placeholder:"ADDR" help:"Loopback address to listen on."`
	Upstream *url.URL `required:"" placeholder:"URL" help:"Where requests go."`
}

// Run serves until the context ends.
func (c *proxyCmd) Run(t *terminal) error {
	return serve(t.ctx, c.Listen, overhead.Proxy(c.Upstream))
}

func serve(ctx context.Context, addr string, h http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // there is nothing to finish
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
