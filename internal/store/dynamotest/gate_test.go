package dynamotest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// TestGateRefuses shows the gate servers that answer every call alike.
func TestGateRefuses(t *testing.T) {
	t.Parallel()
	const conflict = `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"`
	tests := []struct {
		name         string
		status       int
		update, want string
	}{
		{"all win", 200, `{}`, "64 of 64 conditional updates won"},
		{"nobody is told who won", 400, conflict + `}`, "returned item map[], want the one at version 1 (ALL_OLD)"},
		{"nobody wins", 400, conflict + `,"Item":{"version":{"N":"1"}}}`, "0 of 64 conditional updates won"},
		{"broken", 500, `{}`, "version 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateItem") {
					w.WriteHeader(tt.status)
					_, _ = w.Write([]byte(tt.update))
					return
				}
				_, _ = w.Write([]byte(`{}`))
			}))
			defer server.Close()
			cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: aws.AnonymousCredentials{}}
			if err := dynamotest.Gate(t.Context(), dynamo.NewClient(cfg)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

// fatal is a testing.TB that notes why a test was ended, and ends it.
type fatal struct {
	testing.TB
	why string
}

type ended struct{}

func (f *fatal) Fatal(args ...any) {
	f.why = fmt.Sprint(args...)
	panic(ended{})
}

func (f *fatal) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// whyFatal runs f until it ends its test.
func whyFatal(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	tb := &fatal{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (ended{}) {
				panic(r)
			}
		}()
		f(tb)
	}()
	return tb.why
}

func TestNotInstalled(t *testing.T) {
	t.Setenv(dynamotest.EndpointEnv, "")
	dir := t.TempDir()
	t.Chdir(dir)
	start := func(tb testing.TB) { dynamotest.Start(tb) }
	if got := whyFatal(t, start); !strings.Contains(got, "no go.mod") {
		t.Errorf("outside the repository: got %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := whyFatal(t, start); !strings.Contains(got, "run: make tools") {
		t.Errorf("without the tools: got %q, want what to do", got)
	}
}

func TestElsewhere(t *testing.T) {
	t.Setenv(dynamotest.EndpointEnv, "http://127.0.0.1:1")
	if got := whyFatal(t, func(tb testing.TB) { dynamotest.Start(tb) }); !strings.Contains(got, "emulator gate") {
		t.Errorf("nothing listens there: got %q, want a failing gate", got)
	}
	if got := whyFatal(t, func(tb testing.TB) { dynamotest.StartDurable(tb) }); !strings.Contains(got, "cannot stop and restart") {
		t.Errorf("StartDurable: got %q, want a refusal", got)
	}
}

func TestStopAndRestartInOrder(t *testing.T) {
	t.Setenv(dynamotest.EndpointEnv, "")
	whys := []string{
		whyFatal(t, func(tb testing.TB) { dynamotest.Start(tb).Restart() }),
		whyFatal(t, func(tb testing.TB) { server := dynamotest.Start(tb); server.Stop(); server.Stop() }),
	}
	for i, want := range []string{"Restart of a server that runs", "Stop of a server that does not run"} {
		if !strings.Contains(whys[i], want) {
			t.Errorf("got %q, want %q", whys[i], want)
		}
	}
}
