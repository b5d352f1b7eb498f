package claudeaws_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/claudeaws"
	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type credentials struct{}

func (credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "k", SessionToken: "t"}, nil
}

func newDialect() *claudeaws.Dialect {
	return claudeaws.New(claudeaws.Config{
		Workspace: "wrkspc_01", Region: "us-west-2", Credentials: credentials{}, Now: func() time.Time { return noon },
	})
}

func TestDefaultBaseURL(t *testing.T) {
	t.Parallel()
	if got, want := newDialect().DefaultBaseURL(), "https://aws-external-anthropic.us-west-2.api.aws"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := claudeaws.New(claudeaws.Config{}).DefaultBaseURL(); got != "" {
		t.Errorf("got %q without a region, want none", got)
	}
}

// TestAuthorize: the credential and the workspace of each endpoint. The
// workspace is signed with the rest, so it must be set before.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url, key, want string
		signed               string // headers, as signed
	}{
		{"role", "https://aws-external-anthropic.eu-west-1.api.aws/v1/messages", sigv4.Role,
			"AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20261122/eu-west-1/aws-external-anthropic/aws4_request, ", "anthropic-workspace-id;content-length;host;x-amz-date;x-amz-security-token"},
		{"static", "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "AKIAIOSFODNN7EXAMPLE:k",
			"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/bedrock-mantle/aws4_request, ", "anthropic-workspace-id;content-length;host;x-amz-date"},
		{"runtime", "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic/v1/messages", "AKIAIOSFODNN7EXAMPLE:k",
			"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/bedrock/aws4_request, ", "anthropic-workspace-id;content-length;host;x-amz-date"},
		{"API key", "https://aws-external-anthropic.eu-west-1.api.aws/v1/messages", "key-of-the-console", "Bearer key-of-the-console", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequest(http.MethodPost, tt.url, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			newDialect().Authorize(r, secret.New(tt.key))
			if got := r.Header.Get("Anthropic-Workspace-Id"); got != "wrkspc_01" {
				t.Errorf("got workspace %q, want the configured one", got)
			}
			got := r.Header.Get("Authorization")
			if !strings.HasPrefix(got, tt.want) || tt.signed != "" && !strings.Contains(got, "SignedHeaders="+tt.signed+", ") {
				t.Errorf("got Authorization %q, want %q with %q signed", got, tt.want, tt.signed)
			}
			if r.Header.Get("X-Api-Key") != "" {
				t.Error("the key also stands in x-api-key")
			}
		})
	}
}

func TestNoWorkspace(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	claudeaws.New(claudeaws.Config{}).Authorize(r, secret.New("key"))
	if _, has := r.Header["Anthropic-Workspace-Id"]; has {
		t.Error("an empty workspace is sent")
	}
}

// TestClassify: Anthropic's errors keep their meaning, AWS's get theirs, and
// neither names the account.
func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   upstream.Class
		text   string
	}{
		{"Anthropic's limit", 429, http.Header{"Retry-After": {"5"}}, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`, upstream.RateLimit, "slow"},
		{"Anthropic's cap", 429, nil, `{"type":"error","error":{"type":"rate_limit_error","message":"cap","details":{"error_code":"enforced_spend_limit_reached"}}}`, upstream.SpendCap, "cap"},
		{"Anthropic's text with an ARN", 403, nil, `{"type":"error","error":{"type":"permission_error","message":"arn:aws:iam::123456789012:role/x may not"}}`, upstream.Permission, "[redacted] may not"},
		{"AWS's signature", 403, http.Header{"X-Amzn-Errortype": {"InvalidSignatureException"}}, `{"message":"no match"}`, upstream.Auth, "no match"},
		{"AWS's policy", 403, nil, `{"__type":"AccessDeniedException","Message":"User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized"}`, upstream.Permission, "User: [redacted] is not authorized"},
		{"a proxy's page", 502, nil, `<html>`, upstream.Provider, "the provider answered 502 without saying why"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.header == nil {
				tt.header = http.Header{}
			}
			got := newDialect().Classify(tt.status, tt.header, []byte(tt.body), noon)
			if got.Class != tt.want || got.Message != tt.text || got.Status != tt.status {
				t.Errorf("got %+v, want %s: %s", got, tt.want, tt.text)
			}
		})
	}
}

// TestTheRestIsAnthropic: the same call, limits and families.
func TestTheRestIsAnthropic(t *testing.T) {
	t.Parallel()
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	plain := anthropic.New(anthropic.Config{Now: func() time.Time { return noon }})
	want, err := plain.EncodeChat(req, "claude-opus-5")
	if err != nil {
		t.Fatal(err)
	}
	got, err := newDialect().EncodeChat(req, "claude-opus-5")
	if err != nil || got.Path != want.Path || string(got.Body) != string(want.Body) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	h := http.Header{"Anthropic-Organization-Id": {"org"}, "Anthropic-Ratelimit-Requests-Limit": {"50"}, "Anthropic-Ratelimit-Requests-Remaining": {"49"}}
	if diff := cmp.Diff(plain.Signals(h, noon), newDialect().Signals(h, noon)); diff != "" {
		t.Errorf("signals differ (-want +got):\n%s", diff)
	}
	if got := newDialect().Family("claude-opus-4-8"); got != plain.Family("claude-opus-4-8") {
		t.Errorf("got family %q", got)
	}
}
