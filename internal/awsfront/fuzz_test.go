package awsfront

import (
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func FuzzNewRequest(f *testing.F) {
	seeds, err := filepath.Glob("../../events/*.json")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no sample events: %v", err)
	}
	for _, seed := range seeds {
		raw, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"rawPath":"//","rawQueryString":"%","requestContext":{"http":{"method":" "}}}`))
	f.Add([]byte(`{"rawPath":"/","isBase64Encoded":true,"body":"YQ==","headers":{"":"","Host":"h"},"requestContext":{"http":{"method":"GET","sourceIp":"fe80::1%eth0"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var ev events.LambdaFunctionURLRequest
		if json.Unmarshal(raw, &ev) != nil {
			return
		}
		r, err := newRequest(t.Context(), &ev)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("read %d bytes (%v), ContentLength says %d", len(body), err, r.ContentLength)
		}
		if _, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
			t.Errorf("RemoteAddr: %v", err)
		}
		if r.URL.Host != "" || r.URL.Scheme != "" || r.Header.Get("Host") != "" {
			t.Errorf("not the form of a server's request: %v", r.URL)
		}
	})
}

func BenchmarkNewRequest(b *testing.B) {
	raw, err := os.ReadFile("../../events/claude-code-messages.json")
	if err != nil {
		b.Fatal(err)
	}
	var ev events.LambdaFunctionURLRequest
	if err := json.Unmarshal(raw, &ev); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newRequest(b.Context(), &ev); err != nil {
			b.Fatal(err)
		}
	}
}
