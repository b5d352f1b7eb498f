package sigv4_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
)

// The credentials of AWS's published test suite for Signature Version 4.
const (
	suiteID  = "AKIDEXAMPLE00000" // padded, see suiteKey
	suiteKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signatureOf(r *http.Request) string {
	_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	return signature
}

// TestSuite holds signatures against the published ones (AWS docs, "Signature
// Version 4 test suite"). The suite's access key id is shorter than AWS's own
// rules allow, which does not matter: no signature depends on the id.
func TestSuite(t *testing.T) {
	t.Parallel()
	const token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
	tests := []struct {
		name, method, target, token, want string
	}{
		{"get-vanilla", "GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"post-vanilla", "POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-query", "POST", "/?Param1=value1", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{"post-sts-header-before", "POST", "/", token, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sigv4.New(sigv4.Config{Service: "service", Region: "us-east-1", Now: func() time.Time { return suiteTime }})
			r := request(t, tt.method, "https://example.amazonaws.com"+tt.target, "")
			key := suiteID + ":" + suiteKey
			if tt.token != "" {
				key += ":" + tt.token
			}
			s.Authorize(r, secret.New(key))
			if got := signatureOf(r); got != tt.want {
				t.Errorf("got signature %s, want the suite's %s", got, tt.want)
			}
			if got := r.Header.Get("X-Amz-Security-Token"); got != tt.token {
				t.Errorf("got token %q, want %q", got, tt.token)
			}
		})
	}
}

// TestBody: the signature covers the body and leaves it to be sent.
func TestBody(t *testing.T) {
	t.Parallel()
	s := sigv4.New(sigv4.Config{Now: func() time.Time { return suiteTime }})
	sign := func(body string) *http.Request {
		r := request(t, "POST", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a.b-v1%3A0/converse", body)
		s.Authorize(r, secret.New(suiteID+":"+suiteKey))
		return r
	}
	r := sign(`{"a":1}`)
	if !strings.Contains(r.Header.Get("Authorization"), "/20150830/eu-west-1/bedrock/aws4_request, SignedHeaders=content-length;host;x-amz-date, ") {
		t.Errorf("got %q, want the scope of the host's region and service", r.Header.Get("Authorization"))
	}
	if signatureOf(r) == signatureOf(sign(`{"a":2}`)) {
		t.Error("another body has the same signature")
	}
	if got, err := io.ReadAll(r.Body); err != nil || string(got) != `{"a":1}` {
		t.Errorf("got body %q, %v; want it unread", got, err)
	}
}

// TestAgain: a request that is authorized again carries the last credential only.
func TestAgain(t *testing.T) {
	t.Parallel()
	s := sigv4.New(sigv4.Config{Now: func() time.Time { return suiteTime }})
	r := request(t, "POST", "https://bedrock-runtime.eu-west-1.amazonaws.com/", "x")
	r.Header.Set("X-Api-Key", "of another dialect")
	s.Authorize(r, secret.New(suiteID+":"+suiteKey+":token"))
	first := signatureOf(r)
	s.Authorize(r, secret.New(suiteID+":"+suiteKey+":token"))
	if got := signatureOf(r); got != first {
		t.Errorf("got signature %s, want %s as the first time", got, first)
	}
	s.Authorize(r, secret.New("ABSKQmVkcm9jaw=="))
	if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer ABSKQmVkcm9jaw==" {
		t.Errorf("got Authorization %q, want the API key alone", got)
	}
	for _, name := range []string{"X-Api-Key", "X-Amz-Date", "X-Amz-Security-Token"} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s is left over from before", name)
		}
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ABSKQmVkcm9jaw==", "bedrock-api-key-YmVkcm9jaw==", "short:secret", "AKIDEXAMPLE00000:", "AKIDEXAMPLE-0000:secret", "with:colon:but no id"} {
		s := sigv4.New(sigv4.Config{Region: "us-east-1"})
		r := request(t, "POST", "https://bedrock-runtime.us-east-1.amazonaws.com/", "x")
		s.Authorize(r, secret.New(key))
		if got, want := r.Header.Get("Authorization"), "Bearer "+key; got != want {
			t.Errorf("got Authorization %q, want %q", got, want)
		}
	}
}

// TestAccessKeyIDs at the edges of what one may be: a pair taken for an API key
// would be sent in clear and refused.
func TestAccessKeyIDs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, id string
		signs    bool
	}{
		{"first and last letters and digits", "AZaz09AZaz09AZaz", true},
		{"shortest", strings.Repeat("A", 16), true},
		{"too short", strings.Repeat("A", 15), false},
		{"longest", strings.Repeat("A", 128), true},
		{"too long", strings.Repeat("A", 129), false},
		{"beside the letters", "AAAAAAAAAAAAAAA[", false},
		{"beside the digits", "AAAAAAAAAAAAAAA/", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "POST", "https://bedrock-runtime.us-east-1.amazonaws.com/", "x")
			sigv4.New(sigv4.Config{}).Authorize(r, secret.New(tt.id+":secret"))
			got := r.Header.Get("Authorization")
			if signed := strings.Contains(got, "Credential="+tt.id+"/"); signed != tt.signs {
				t.Errorf("signed: %v, want %v; Authorization is %q", signed, tt.signs, got)
			}
		})
	}
}

type credentials func(context.Context) (aws.Credentials, error)

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) { return c(ctx) }

// TestRole: the process's credentials give the same signature as if they had
// been written down, and are asked for anew each time.
func TestRole(t *testing.T) {
	t.Parallel()
	asked := 0
	s := sigv4.New(sigv4.Config{
		Now: func() time.Time { return suiteTime },
		Credentials: credentials(func(context.Context) (aws.Credentials, error) {
			asked++
			return aws.Credentials{AccessKeyID: suiteID, SecretAccessKey: suiteKey, SessionToken: "t"}, nil
		}),
	})
	url := "https://aws-external-anthropic.us-west-2.api.aws/v1/messages"
	own, written := request(t, "POST", url, "x"), request(t, "POST", url, "x")
	s.Authorize(own, secret.New(sigv4.Role))
	s.Authorize(written, secret.New(suiteID+":"+suiteKey+":t"))
	if got, want := own.Header.Get("Authorization"), written.Header.Get("Authorization"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.Contains(own.Header.Get("Authorization"), "/us-west-2/aws-external-anthropic/") {
		t.Errorf("got %q, want the host's region and service", own.Header.Get("Authorization"))
	}
	s.Authorize(own, secret.New(sigv4.Role))
	if asked != 2 {
		t.Errorf("asked for credentials %d times, want once for each request", asked)
	}
}

// TestCannotSign: such requests never reach the provider, and the error of the
// call says why without the secret.
func TestCannotSign(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("the provider got a whole request")
		}
	}))
	defer server.Close()
	broken := errors.New("the metadata service does not answer")
	tests := []struct {
		name    string
		cfg     sigv4.Config
		key     string
		prepare func(*http.Request)
		want    string
	}{
		{"no credentials", sigv4.Config{Region: "us-east-1", Service: "bedrock"}, sigv4.Role, nil, "this process has no AWS credentials"},
		{"credentials out of reach", sigv4.Config{Region: "us-east-1", Service: "bedrock", Credentials: credentials(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, broken
		})}, sigv4.Role, nil, broken.Error()},
		{"no region", sigv4.Config{Service: "bedrock"}, suiteID + ":" + suiteKey, nil, "no service or region to sign for"},
		{"no service", sigv4.Config{Region: "us-east-1"}, suiteID + ":" + suiteKey, nil, "no service or region to sign for"},
		{"body read only once", sigv4.Config{Region: "us-east-1", Service: "bedrock"}, suiteID + ":" + suiteKey,
			func(r *http.Request) { r.GetBody = nil }, "can be read only once"},
		{"body gone", sigv4.Config{Region: "us-east-1", Service: "bedrock"}, suiteID + ":" + suiteKey,
			func(r *http.Request) { r.GetBody = func() (io.ReadCloser, error) { return nil, broken } }, broken.Error()},
		{"body unreadable", sigv4.Config{Region: "us-east-1", Service: "bedrock"}, suiteID + ":" + suiteKey,
			func(r *http.Request) {
				r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(io.MultiReader(badReader{broken})), nil }
			}, broken.Error()},
	}
	for _, tt := range tests {
		bodies := map[string]string{"POST": "x"}
		if tt.prepare == nil { // what is prepared is the body
			bodies["GET"] = ""
		}
		for method, body := range bodies {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				r := request(t, method, server.URL, body)
				if tt.prepare != nil {
					tt.prepare(r)
				}
				sigv4.New(tt.cfg).Authorize(r, secret.New(tt.key))
				resp, err := server.Client().Do(r)
				if err == nil {
					_ = resp.Body.Close()
					t.Fatal("the request was sent")
				}
				if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), suiteKey) {
					t.Errorf("got error %q, want it to say %q", err, tt.want)
				}
			})
		}
	}
}

type badReader struct{ err error }

func (b badReader) Read([]byte) (int, error) { return 0, b.err }

func TestEndpointOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ host, service, region string }{
		{"bedrock-runtime.us-east-1.amazonaws.com", "bedrock", "us-east-1"},
		{"bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "bedrock", "us-gov-west-1"},
		{"bedrock-runtime.cn-north-1.amazonaws.com.cn", "bedrock", "cn-north-1"},
		{"bedrock-runtime.eusc-de-east-1.amazonaws.eu", "bedrock", "eusc-de-east-1"},
		{"vpce-0a1-b2c3.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com", "bedrock", "ap-southeast-2"},
		{"bedrock-mantle.eu-west-1.api.aws", "bedrock-mantle", "eu-west-1"},
		{"aws-external-anthropic.us-west-2.api.aws", "aws-external-anthropic", "us-west-2"},
		{"us-east-1.example.com", "", ""},
		{"127.0.0.1", "", ""},
		{"localhost", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if service, region := sigv4.EndpointOf(tt.host); service != tt.service || region != tt.region {
			t.Errorf("EndpointOf(%q) = %q, %q; want %q, %q", tt.host, service, region, tt.service, tt.region)
		}
	}
}

// TestLeaks: no error and no printing of the request shows the secret key.
func TestLeaks(t *testing.T) {
	t.Parallel()
	r := request(t, "POST", "https://bedrock-runtime.us-east-1.amazonaws.com/", "x")
	sigv4.New(sigv4.Config{}).Authorize(r, secret.New(suiteID+":"+suiteKey))
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), suiteKey) {
		t.Error("the secret key is in the request")
	}
}

// BenchmarkAuthorize signs a review of a large diff.
func BenchmarkAuthorize(b *testing.B) {
	s := sigv4.New(sigv4.Config{})
	body := strings.Repeat("x", 90<<10)
	key := secret.New(suiteID + ":" + suiteKey)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequest(http.MethodPost, "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		s.Authorize(r, key)
		if r.Header.Get("Authorization") == "" {
			b.Fatal("not signed")
		}
	}
}
