package storm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// FleetConfig says how Fallow's Lambda function is run on this machine.
type FleetConfig struct {
	// Environments is the concurrency limit; each serves one request at a time.
	Environments int
	// Function is the program of the gateway function, built for this machine.
	Function string
	// DynamoDB is the URL of a DynamoDB-compatible server. Empty means that
	// Emulator, the program of dynoxide, is started.
	DynamoDB, Emulator string
	// Log receives what the processes print; nil drops it.
	Log io.Writer
}

// Fleet is the gateway function in Lambda environments, which share nothing but
// a table.
func Fleet(cfg FleetConfig) Contestant {
	return Contestant{
		Name: "fallow", About: fmt.Sprintf("Fallow, %d Lambda environments over the DynamoDB emulator", cfg.Environments),
		Start: func(ctx context.Context, w World) (Entry, error) { return startFleet(ctx, cfg, w) },
	}
}

// closers are closed in the opposite order.
type closers []func() error

func (c closers) close() error {
	var errs []error
	for i := len(c) - 1; i >= 0; i-- {
		errs = append(errs, c[i]())
	}
	return errors.Join(errs...)
}

func startFleet(ctx context.Context, cfg FleetConfig, w World) (e Entry, err error) {
	var open closers
	defer func() {
		if err != nil {
			err = errors.Join(err, open.close())
		}
	}()
	endpoint := cfg.DynamoDB
	if endpoint == "" {
		emulator, err := startEmulator(ctx, cfg.Emulator)
		if err != nil {
			return e, err
		}
		open = append(open, emulator.close)
		endpoint = emulator.url
	}
	name := "fallow-storm-" + rand.Text()
	direct := dynamo.NewClient(settings(endpoint))
	if err := dynamo.CreateTable(ctx, direct, name); err != nil {
		return e, err
	}
	onwards := newTransport()
	gate, err := listen(between(endpoint, onwards, w.StoreAway))
	if err != nil {
		return e, err
	}
	open = append(open, func() error { onwards.CloseIdleConnections(); return nil }, gate.close)
	bed, dir, err := startBed(cfg, w, gate.url, name)
	if err != nil {
		return e, err
	}
	open = append(open, func() error { return os.RemoveAll(dir) }, bed.Close)
	return Entry{URL: bed.URL(), Token: fleetToken, State: look(w, dynamo.New(dynamo.Config{Client: direct, Table: name})), Close: open.close}, nil
}

// fleetToken is the clients' key: a function URL takes none without.
const fleetToken = "storm-client"

func startBed(cfg FleetConfig, w World, dynamoDB, table string) (bed *lambdabed.Bed, dir string, err error) {
	if dir, err = os.MkdirTemp("", "fallow-storm-"); err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, "fallow.yaml")
	text := document(w, "clients: {auth: tokens, tokens: [{name: storm, secret: \"env:FALLOW_STORM_TOKEN\"}]}\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, dir, errors.Join(err, os.RemoveAll(dir))
	}
	bed, err = lambdabed.Start(lambdabed.Config{
		Binary: cfg.Function, FunctionName: "gateway", Environments: cfg.Environments, FreezeBetween: true, Log: cfg.Log,
		Env: append(environ(w),
			"AWS_REGION="+region, "AWS_ACCESS_KEY_ID=storm", "AWS_SECRET_ACCESS_KEY=storm",
			"AWS_ENDPOINT_URL_DYNAMODB="+dynamoDB, "FALLOW_CONFIG="+path, "FALLOW_TABLE="+table,
			"FALLOW_STORM_TOKEN="+fleetToken),
	})
	if err != nil {
		return nil, dir, errors.Join(err, os.RemoveAll(dir))
	}
	return bed, dir, nil
}

const region = "eu-central-1"

// settings point the SDK at a server that takes any credentials.
func settings(endpoint string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "storm", SecretAccessKey: "storm"}, nil
		}),
	}
}

// between stands before the table and answers nothing while it is to be away.
func between(endpoint string, onwards http.RoundTripper, away func() bool) http.Handler {
	target, err := url.Parse(endpoint)
	if err != nil {
		target = &url.URL{}
	}
	proxy := &httputil.ReverseProxy{
		Transport: onwards,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is part of what was signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away() {
			_, _ = io.Copy(io.Discard, r.Body) // or the end of the caller is not noticed
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	})
}
