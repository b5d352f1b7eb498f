// Package sigv4 puts AWS credentials on the requests of the dialects whose
// providers AWS hosts: a Signature Version 4 over the finished request, or an
// API key as a bearer token.
//
// The signature itself is the AWS SDK's; what is here decides with which
// credentials, for which service and for which region.
package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/fallow-dev/fallow/internal/secret"
)

// Credentials give the credentials of the process: those of a Lambda's role, of
// the environment, of a profile. Retrieve is called for every request, so it
// should cache; *aws.CredentialsCache does, and renews before they expire.
type Credentials interface {
	Retrieve(ctx context.Context) (aws.Credentials, error)
}

// Config is what New needs.
type Config struct {
	// Service is the name that is signed for; empty means the one that the
	// request's host belongs to (see EndpointOf).
	Service string
	// Region is signed for when the request's host names none, as behind a
	// proxy. Empty means that such requests fail.
	Region string
	// Credentials are what a key with the secret Role stands for; nil means
	// that such keys fail.
	Credentials Credentials
	// Now is the clock; nil means time.Now. AWS refuses signatures that are
	// more than five minutes off (AWS docs, IAM, "Signature Version 4").
	Now func() time.Time
}

// Signer authorizes requests. It is safe for concurrent use.
type Signer struct {
	cfg Config
	v4  *v4.Signer // caches derived keys
}

// New returns a signer.
func New(cfg Config) *Signer {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Signer{cfg: cfg, v4: v4.NewSigner()}
}

// Authorize puts key on r, whose URL, headers and body must be final. The
// secret is one of three:
//
//   - Role: the request is signed with the process's own credentials;
//   - "AKID:SECRET" or "AKID:SECRET:TOKEN": it is signed with these;
//   - anything else is an API key (of Bedrock, ABSK…) and sent as a bearer token.
//
// A request that cannot be signed is made to fail when it is sent, before its
// body is out, with an error that says why. It must not go out unsigned: the
// provider would refuse the key, and the key would be benched for what is no
// fault of its own.
func (s *Signer) Authorize(r *http.Request, key secret.Value) {
	for _, name := range [...]string{"Authorization", "X-Api-Key", "X-Amz-Date", "X-Amz-Security-Token"} {
		r.Header.Del(name)
	}
	if key.Reveal() != Role {
		static, ok := parseStatic(key.Reveal())
		if !ok {
			r.Header.Set("Authorization", "Bearer "+key.Reveal())
			return
		}
		s.signOrFail(r, static)
		return
	}
	own, err := s.own(r.Context())
	if err != nil {
		fail(r, err)
		return
	}
	s.signOrFail(r, own)
}

// own returns the credentials of the process.
func (s *Signer) own(ctx context.Context) (aws.Credentials, error) {
	if s.cfg.Credentials == nil {
		return aws.Credentials{}, errors.New("the key's secret is " + Role + ", but this process has no AWS credentials")
	}
	c, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("AWS credentials: %w", err)
	}
	return c, nil
}

func (s *Signer) signOrFail(r *http.Request, c aws.Credentials) {
	if err := s.sign(r, c); err != nil {
		fail(r, err)
	}
}

func (s *Signer) sign(r *http.Request, c aws.Credentials) error {
	service, region := EndpointOf(r.URL.Hostname())
	if s.cfg.Service != "" {
		service = s.cfg.Service
	}
	if region == "" {
		region = s.cfg.Region
	}
	if service == "" || region == "" {
		return fmt.Errorf("no service or region to sign for: the host %q names none; "+
			"use an endpoint such as https://bedrock-runtime.us-east-1.amazonaws.com or set a region", r.URL.Hostname())
	}
	sum, err := hashBody(r)
	if err != nil {
		return err
	}
	return s.v4.SignHTTP(r.Context(), c, r, sum, service, region, s.cfg.Now())
}

// hashBody reads the body through GetBody, so that r.Body stays unread.
func hashBody(r *http.Request) (string, error) {
	h := sha256.New()
	if r.Body != nil && r.Body != http.NoBody {
		if r.GetBody == nil {
			return "", errors.New("the body of the request can be read only once, so it cannot be signed")
		}
		body, err := r.GetBody()
		if err != nil {
			return "", fmt.Errorf("body of the request: %w", err)
		}
		defer func() { _ = body.Close() }() // a reader in memory
		if _, err := io.Copy(h, body); err != nil {
			return "", fmt.Errorf("body of the request: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fail makes the sending of r end with err. The contract of dialects gives
// Authorize no way to say so itself; a body that cannot be read is a failure of
// the connection to everybody who watches, and counts against no key.
func fail(r *http.Request, err error) {
	body := func() (io.ReadCloser, error) { return io.NopCloser(failing{err}), nil }
	r.Body, _ = body()
	r.GetBody = body
	r.ContentLength = max(r.ContentLength, 1) // or nobody would read it
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
