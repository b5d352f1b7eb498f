package lambdabed

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

const (
	defaultEnvironments  = 10
	defaultMemorySize    = 256
	defaultTimeout       = 15 * time.Minute // Lambda's longest
	defaultInitTimeout   = 10 * time.Second // Lambda's
	defaultGrace         = 100 * time.Millisecond
	defaultShutdownGrace = 500 * time.Millisecond // what Lambda gives to an internal extension
	defaultResponseLimit = 200 << 20              // Lambda's, for streams
	requestLimit         = 6 << 20                // Lambda's, for the whole event
)

// Config says what function is run, and how.
type Config struct {
	// Binary is the function's program, the "bootstrap" of a deployment. Required.
	Binary string
	// Args are given to it; Lambda gives none.
	Args []string
	// Env is added to the variables that Lambda sets. Nothing else of this
	// process's environment is passed on.
	Env []string
	// TaskRoot is the working directory, where a deployment's files are. Empty
	// means the directory of Binary.
	TaskRoot string
	// FunctionName is how the function sees itself. Empty means "function".
	FunctionName string
	// Environments is the concurrency limit. Zero means 10.
	Environments int
	// MemorySize is how much memory the function believes to have, in MB; nothing
	// enforces it, Bed.Usage tells what it took. Zero means 256.
	MemorySize int
	// CPU is how much processor time each environment has.
	CPU CPU
	// FreezeBetween stops a process while it has no invocation, as Lambda
	// does. Without it, work in the background that would come to a halt on
	// Lambda goes unnoticed.
	FreezeBetween bool
	// Timeout ends an invocation by killing its process. Zero means 15 minutes.
	Timeout time.Duration
	// InitTimeout is how long a process may take to poll for its first
	// invocation. Zero means 10 s.
	InitTimeout time.Duration
	// IdleTimeout ends an environment that had no invocation for so long. Zero
	// means never.
	IdleTimeout time.Duration
	// Grace is how long a request waits for a process that has answered and is
	// about to poll again, before another one is started. A client here has
	// its answer microseconds after it was sent, and would otherwise meet cold
	// starts, or a 429, that the distance to the real service hides. Zero
	// means 100 ms.
	Grace time.Duration
	// ShutdownGrace is the time between SIGTERM and SIGKILL. Zero means 500 ms.
	ShutdownGrace time.Duration
	// ResponseLimit is the largest answer in bytes, its head included. Zero
	// means 200 MiB.
	ResponseLimit int64
	// Log receives what the processes print. Nil means that it is dropped.
	Log io.Writer
}

// filled returns the config with every default in its place.
func (c Config) filled() (Config, error) {
	if err := c.CPU.check(); err != nil {
		return c, err
	}
	path, err := filepath.Abs(c.Binary)
	if err != nil {
		return c, err
	}
	if c.Binary, err = exec.LookPath(path); err != nil {
		return c, fmt.Errorf("the function's program cannot be run: %w", err)
	}
	c.TaskRoot = or(c.TaskRoot, filepath.Dir(c.Binary))
	c.FunctionName = or(c.FunctionName, "function")
	c.MemorySize = or(c.MemorySize, defaultMemorySize)
	c.Environments = or(c.Environments, defaultEnvironments)
	c.Timeout = or(c.Timeout, defaultTimeout)
	c.InitTimeout = or(c.InitTimeout, defaultInitTimeout)
	c.Grace = or(c.Grace, defaultGrace)
	c.ShutdownGrace = or(c.ShutdownGrace, defaultShutdownGrace)
	c.ResponseLimit = or(c.ResponseLimit, defaultResponseLimit)
	c.Log = &lockedWriter{w: c.Log}
	return c, nil
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// environ is what a process finds in its environment. Later entries win, so
// that Env may change any of it.
func (c Config) environ(runtimeAPI string) []string {
	return append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_NAME=" + c.FunctionName,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(c.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + c.FunctionName,
		"AWS_LAMBDA_LOG_STREAM_NAME=local",
		"LAMBDA_TASK_ROOT=" + c.TaskRoot,
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"_HANDLER=bootstrap",
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI,
	}, c.Env...)
}
