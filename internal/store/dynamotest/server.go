package dynamotest

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// EndpointEnv names the environment variable that points tests at any other
// DynamoDB-compatible server instead, for example http://127.0.0.1:8000. The
// gate is held against that one too. StartDurable is not possible then.
const EndpointEnv = "FALLOW_DYNAMODB_ENDPOINT"

// readyTimeout bounds the start of the server; it takes some 10 ms on an idle
// machine, and the race detector's builds keep machines busy.
const readyTimeout = 15 * time.Second

// Server is a running DynamoDB-compatible server on a loopback port. Its
// methods are for the goroutine of the test that started it.
type Server struct {
	tb       testing.TB
	endpoint string
	binary   string
	addr     string // host:port, kept over Restart
	data     string // database file; "" for memory
	cmd      *exec.Cmd
}

// Start runs a server with its data in memory until the end of the test. It
// fails the test if the server is not installed, does not come up or does not
// pass Gate.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, "")
}

// StartDurable is Start with the data in a file, for tests that use Stop and
// Restart: what was written survives, as it does in DynamoDB. Updates take
// about three times as long.
func StartDurable(tb testing.TB) *Server {
	tb.Helper()
	if os.Getenv(EndpointEnv) != "" {
		tb.Fatalf("cannot stop and restart the server that %s points at; unset it for this test", EndpointEnv)
	}
	return start(tb, filepath.Join(tb.TempDir(), "dynamo.db"))
}

func start(tb testing.TB, data string) *Server {
	tb.Helper()
	s := run(tb, data)
	ctx, cancel := context.WithTimeout(tb.Context(), readyTimeout)
	defer cancel()
	if err := Gate(ctx, s.Client()); err != nil {
		tb.Fatal(err)
	}
	return s
}

func run(tb testing.TB, data string) *Server {
	tb.Helper()
	if endpoint := os.Getenv(EndpointEnv); endpoint != "" {
		return &Server{tb: tb, endpoint: endpoint}
	}
	binary, err := installed()
	if err != nil {
		tb.Fatal(err)
	}
	addr, err := freeAddr()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, endpoint: "http://" + addr, binary: binary, addr: addr, data: data}
	s.Restart()
	tb.Cleanup(s.kill)
	return s
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return s.endpoint }

// Config is what config.LoadDefaultConfig would give a program that was
// pointed at the server: region, dummy credentials, endpoint.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(s.endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// Client is a client for the server. It does not retry.
func (s *Server) Client() *dynamodb.Client { return dynamo.NewClient(s.Config()) }

// NewTable makes an empty table of Fallow's shape and returns its name.
func (s *Server) NewTable(tb testing.TB) string {
	tb.Helper()
	name := "fallow-" + rand.Text()
	if err := dynamo.CreateTable(tb.Context(), s.Client(), name); err != nil {
		tb.Fatal(err)
	}
	return name
}
