package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// version is set by the Makefile; a binary made by plain `go build` says what
// the toolchain recorded.
var version string

// terminal is what a command may use of the world around it, so that tests
// run commands in process.
type terminal struct {
	ctx            context.Context // ends on SIGINT or SIGTERM
	environ        []string        // as os.Environ
	stdout, stderr io.Writer
}

// cli is the command line. Every command is a struct with a Run(*terminal) error.
type cli struct {
	Serve    serveCmd    `cmd:"" help:"Serve the gateway on this machine."`
	Simulate simulateCmd `cmd:"" help:"Run a simulated provider with true rate limits."`
	Storm    stormCmd    `cmd:"" help:"Measure Fallow, baselines and other gateways on the same morning."`
	Plan     planCmd     `cmd:"" help:"Say how many quota groups the traffic in a log needs."`
	Config   configCmd   `cmd:"" help:"Check config documents, and make them of other gateways' configurations."`
	Keys     keysCmd     `cmd:"" help:"Store keys in AWS Secrets Manager and show which are set."`
	Doctor   doctorCmd   `cmd:"" help:"Examine a deployment: credentials, secrets, table, schedule, every key."`
	Cost     costCmd     `cmd:"" help:"Say what a month costs on AWS, beside containers."`
	Prices   pricesCmd   `cmd:"" help:"Keep the table of prices up to date."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

const description = `Fallow spreads LLM calls over a pool of provider keys and lets limited quotas rest.`

// run parses args, runs the command and returns the exit code: 0 done, 1 the
// command failed, 2 the command line was wrong, and what an error with an
// ExitCode says.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	exit := -1
	parser := kong.Must(&cli{}, kong.Name("fallow"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	cmd, err := parser.Parse(usual(args))
	if exit >= 0 {
		return exit // --help was asked for
	}
	if err != nil {
		misused(stderr, err)
		return 2
	}
	if err := cmd.Run(&terminal{ctx, environ, stdout, stderr}); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "fallow: %v\n", err)
		var coded kong.ExitCoder
		if errors.As(err, &coded) {
			return coded.ExitCode()
		}
		return 1
	}
	return 0
}

// usual takes what people type out of habit for what it means here.
func usual(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "help":
		return append(slices.Clone(args[1:]), "--help")
	case "--version":
		return append([]string{"version"}, args[1:]...)
	}
	return args
}

// misused says what is wrong with a command line. To somebody who named no
// command, or only the first word of one, it shows which there are.
func misused(w io.Writer, err error) {
	at := "fallow"
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		for _, part := range wrong.Context.Path {
			if part.Command != nil {
				at = part.Command.FullPath()
			}
		}
		if strings.HasPrefix(err.Error(), "expected one of") {
			wrong.Context.Stdout = w
			_ = wrong.Context.PrintUsage(false) // the error below is what matters
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "fallow: %v\nTry: %s --help\n", err, at)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(t *terminal) error {
	fmt.Fprintln(t.stdout, "fallow", buildVersion())
	return nil
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
