package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret/secrettest"
	"github.com/fallow-dev/fallow/internal/store/dynamotest"
)

// The AWS SDK reads its settings once in a process. They lead to the manager
// and to whichever DynamoDB a test has started.
var (
	manager  = secrettest.New()
	dynamoDB atomic.Pointer[url.URL]
)

func TestMain(m *testing.M) {
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(dynamoDB.Load())
		r.Out.Host = r.In.Host // it is signed
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}})
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.URL, "AWS_ENDPOINT_URL_DYNAMODB": proxy.URL,
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	} {
		_ = os.Setenv(name, value)
	}
	code := m.Run()
	proxy.Close()
	manager.Close()
	os.Exit(code)
}

// startDynamoDB starts a server for the rest of the test and makes a table. One
// test at a time may use it.
func startDynamoDB(t *testing.T) (table string) {
	t.Helper()
	server := dynamotest.Start(t)
	at, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	dynamoDB.Store(at)
	return server.NewTable(t)
}
