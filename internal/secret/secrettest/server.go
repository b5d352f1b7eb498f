// Package secrettest is an AWS Secrets Manager for tests: an in-process HTTP
// server that speaks enough of its JSON 1.1 protocol (GetSecretValue,
// PutSecretValue, and UpdateSecretVersionStage for AWSCURRENT) for the real
// SDK, and can be made to fail.
package secrettest

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Server is a running Secrets Manager, on loopback. It is safe for concurrent use.
type Server struct {
	// URL is where it listens; programs under test take it as
	// AWS_ENDPOINT_URL_SECRETS_MANAGER.
	URL string

	http *httptest.Server

	mu      sync.Mutex // guards what follows
	secrets map[string]*stored
	staged  map[string]*stored // versions that are not current, by id
	made    int                // versions of all secrets
	reads   map[string]int
	down    bool
	hold    chan struct{} // GetSecretValue waits until it is closed; nil: no wait
}

// stored is one version of a secret; it is never changed.
type stored struct {
	name    string
	text    *string
	binary  []byte
	version int
	created time.Time
	deleted bool
}

// New starts a server that has no secrets. The caller closes it.
func New() *Server {
	s := &Server{secrets: map[string]*stored{}, staged: map[string]*stored{}, reads: map[string]int{}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// TB is the part of testing.TB that Start needs; programs that are no tests
// can import this package without the testing package.
type TB interface{ Cleanup(func()) }

// Start starts a server that ends with the test.
func Start(t TB) *Server {
	s := New()
	t.Cleanup(s.Close)
	return s
}

// Close ends the server.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Client returns an SDK client of this server. It does not retry, so that a
// failure takes no time and one call is one request.
func (s *Server) Client() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: aws.String(s.URL),
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   s.http.Client(),
	})
}

// Put sets the current text of a secret, creating it if need be.
func (s *Server) Put(id, text string) { s.put(id, &text, nil) }

// PutBinary does the same with a binary secret.
func (s *Server) PutBinary(id string, data []byte) { s.put(id, nil, data) }

func (s *Server) put(id string, text *string, data []byte) *stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.secrets[id]
	if !ok {
		old = &stored{name: id}
	}
	v := s.version(old.name, text, data)
	s.secrets[v.name], s.secrets[v.arn()] = v, v
	return v
}

// version makes one; the lock is held.
func (s *Server) version(name string, text *string, data []byte) *stored {
	s.made++
	return &stored{name: name, text: text, binary: data, version: s.made, created: time.Now()}
}

// Delete schedules a secret for deletion: it can no longer be read.
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.secrets[id]; v != nil {
		gone := *v // versions being answered are read without the lock
		gone.deleted = true
		s.secrets[v.name], s.secrets[v.arn()] = &gone, &gone
	}
}

// Down makes every call fail as an outage of the service does, or ends that.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Hold makes readings wait, after they were counted, until the function it
// returns is called.
func (s *Server) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.hold = gate
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.hold = nil
		s.mu.Unlock()
		close(gate)
	})
}

// Reads returns how often GetSecretValue was called for a name or ARN, failed
// calls included.
func (s *Server) Reads(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads[id]
}

// arn has the six random characters that Secrets Manager adds to a name.
func (v *stored) arn() string {
	return fmt.Sprintf("arn:aws:secretsmanager:eu-central-1:000000000000:secret:%s-AbCdEf", v.name)
}
