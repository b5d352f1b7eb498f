// Command bench measures what Fallow costs beside other gateways. It is for
// developers; `make bench-overhead` and `make bench-quick` prepare what it needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// terminal is what a command may use of the world around it.
type terminal struct {
	ctx            context.Context // ends on SIGINT or SIGTERM
	stdout, stderr io.Writer
}

// cli is the command line.
type cli struct {
	Overhead overheadCmd `cmd:"" help:"Measure latency, throughput, processor time, memory and start of all contestants."`
	Quick    quickCmd    `cmd:"" help:"Measure the few ratios that must not slip, in less than a minute."`
	Profile  profileCmd  `cmd:"" help:"Write profiles of the server mode under load."`
	Upstream upstreamCmd `cmd:"" hidden:"" help:"Serve the upstream of the benchmarks."`
	Proxy    proxyCmd    `cmd:"" hidden:"" help:"Serve the bare reverse proxy."`
}

const description = `Measures what a gateway costs, on this machine and in one run with what it is held to.`

// run parses args, runs the command and returns the exit code: 0 done, 1 the
// command failed or missed a goal, 2 the command line was wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	exit := -1
	parser := kong.Must(&cli{}, kong.Name("bench"), kong.Description(description),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	cmd, err := parser.Parse(args)
	if exit >= 0 {
		return exit // --help was asked for
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\nTry: bench --help\n", err)
		return 2
	}
	if err := cmd.Run(&terminal{ctx, stdout, stderr}); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}
