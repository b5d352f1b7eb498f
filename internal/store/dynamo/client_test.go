package dynamo_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// TestConnectionsAreKept makes bursts wider than the SDK's 10 idle connections:
// the second burst must find all connections of the first.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const wide = 40
	var opened atomic.Int64
	arrived := make(chan struct{}, wide)
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	table := dynamo.New(dynamo.Config{Client: dynamo.NewClient(pointTo(server.URL)), Table: "fallow", Timeout: 30 * time.Second})
	for burst := range 2 {
		var wg sync.WaitGroup
		for range wide {
			wg.Go(func() {
				if _, _, err := table.Get(t.Context(), store.Key{Partition: "p", Sort: "s"}); err != nil {
					t.Error(err)
				}
			})
		}
		for range wide {
			<-arrived
		}
		for range wide {
			release <- struct{}{}
		}
		wg.Wait()
		if got := opened.Load(); got != wide {
			t.Errorf("after burst %d: %d connections were opened, want %d", burst+1, got, wide)
		}
	}
}

// TestSlowServer is the bound that matters, over a real connection.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client left
		<-r.Context().Done()
	}))
	defer server.Close()
	table := dynamo.New(dynamo.Config{Client: dynamo.NewClient(pointTo(server.URL)), Table: "fallow", Timeout: 20 * time.Millisecond})
	begin := time.Now()
	_, err := table.Update(t.Context(), store.Key{Partition: "p", Sort: "s"}, store.Change{Do: []store.Assign{store.Add("n", 1)}})
	if took := time.Since(begin); err == nil || took > 5*time.Second {
		t.Errorf("got error %v after %v, want a timeout", err, took)
	}
	if got := requests.Load(); got > 1 {
		t.Errorf("an add was sent %d times, want once", got)
	}
}

func pointTo(url string) aws.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &url, Credentials: aws.AnonymousCredentials{}}
}

func TestCreateTable(t *testing.T) {
	t.Parallel()
	client := dynamotest.Start(t).Client()
	for range 2 { // the second finds it there
		if err := dynamo.CreateTable(t.Context(), client, "fallow"); err != nil {
			t.Fatal(err)
		}
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("fallow")})
	if err != nil {
		t.Fatal(err)
	}
	if got := ttl.TimeToLiveDescription; got.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *got.AttributeName != "ttl" {
		t.Errorf("got TTL %s, want ENABLED on ttl", got.TimeToLiveStatus)
	}
	table := dynamo.New(dynamo.Config{Client: client, Table: "fallow", Timeout: 30 * time.Second})
	if err := table.Warm(t.Context()); err != nil {
		t.Error(err)
	}
	if err := dynamo.CreateTable(t.Context(), client, "no spaces allowed"); err == nil {
		t.Error("a name that DynamoDB refuses: got no error")
	}
}
