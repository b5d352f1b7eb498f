package secret_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/secret/secrettest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func keyRef(field string) secret.Ref {
	return secret.Ref{Scheme: secret.SchemeSecretsManager, ID: "fallow/keys", Field: field}
}

// clock is a settable clock: real HTTP does not go with a synctest bubble.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func managed(t *testing.T) (*secrettest.Server, *secret.Cache, *clock) {
	server := secrettest.Start(t)
	clock := &clock{now: time.UnixMilli(1_800_000_000_000)}
	cache := secret.NewCache(secret.Config{
		Sources: map[string]secret.Source{secret.SchemeSecretsManager: secret.SecretsManager(server.Client())},
		Now:     clock.Now,
		Timeout: time.Minute, // a slow machine is not what is tested
	})
	return server, cache, clock
}

func TestSecretsManagerRotation(t *testing.T) {
	t.Parallel()
	server, cache, clock := managed(t)
	server.Put("fallow/keys", `{"a": "a1", "b": "b1"}`)
	get(t, cache, keyRef("a"), "a1")
	get(t, cache, keyRef("b"), "b1")
	server.Put("fallow/keys", `{"a": "a2", "b": "b2"}`)
	get(t, cache, keyRef("a"), "a1")

	v, changed, err := cache.Renew(t.Context(), keyRef("a"), secret.New("a1"))
	if err != nil || !changed || v.Reveal() != "a2" {
		t.Errorf("Renew: got %q, %v, %v; want a2, changed", v.Reveal(), changed, err)
	}
	get(t, cache, keyRef("b"), "b2") // came with it
	if got := server.Reads("fallow/keys"); got != 2 {
		t.Errorf("got %d calls, want 2", got)
	}
	server.Put("fallow/keys", `{"a": "a3"}`)
	clock.pass(5 * time.Minute)
	get(t, cache, keyRef("a"), "a3")
}

func TestSecretsManagerConcurrentRefusals(t *testing.T) {
	t.Parallel()
	server, cache, _ := managed(t)
	server.Put("fallow/keys", `{"a": "a1"}`)
	get(t, cache, keyRef("a"), "a1")
	server.Put("fallow/keys", `{"a": "a2"}`)
	release := server.Hold()
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			v, changed, err := cache.Renew(t.Context(), keyRef("a"), secret.New("a1"))
			if err != nil || !changed || v.Reveal() != "a2" {
				t.Errorf("got %q, %v, %v", v.Reveal(), changed, err)
			}
		})
	}
	get(t, cache, keyRef("a"), "a1") // others are served meanwhile
	release()
	group.Wait()
	if got := server.Reads("fallow/keys"); got != 2 {
		t.Errorf("got %d calls, want 2", got)
	}
}

func TestSecretsManagerDown(t *testing.T) {
	t.Parallel()
	server, cache, clock := managed(t)
	server.Put("fallow/keys", `{"a": "a1"}`)
	server.Down(true)
	_, err := cache.Get(t.Context(), keyRef("a"))
	checkError(t, err, "InternalServiceError")
	server.Down(false)
	clock.pass(time.Second)
	get(t, cache, keyRef("a"), "a1")

	server.Down(true)
	clock.pass(24 * time.Hour)
	get(t, cache, keyRef("a"), "a1")
	server.Down(false)
	server.Put("fallow/keys", `{"a": "a2"}`)
	clock.pass(time.Minute)
	get(t, cache, keyRef("a"), "a2")
}

func TestSecretsManagerAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		store func(*secrettest.Server)
		err   string
	}{
		{"missing", func(*secrettest.Server) {}, "no such secret"},
		{"deleted", func(s *secrettest.Server) {
			s.Put("fallow/keys", canary)
			s.Delete("fallow/keys")
		}, "no such secret"},
		{"binary", func(s *secrettest.Server) { s.PutBinary("fallow/keys", []byte(canary)) }, "binary"},
		{"malformed", func(s *secrettest.Server) { s.Put("fallow/keys", `{"a": `+canary) }, "not a JSON object"},
		{"other field", func(s *secrettest.Server) { s.Put("fallow/keys", `{"b": "`+canary+`"}`) }, "it has b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, cache, _ := managed(t)
			tt.store(server)
			_, err := cache.Get(t.Context(), keyRef("a"))
			checkError(t, err, tt.err)
			checkError(t, err, "secret secretsmanager:fallow/keys#a: ")
		})
	}
}

// Deleting a secret is how it is withdrawn; that it was good once is no reason
// to go on with it.
func TestSecretsManagerDeletionEndsTheValue(t *testing.T) {
	t.Parallel()
	server, cache, clock := managed(t)
	server.Put("fallow/keys", `{"a": "a1"}`)
	get(t, cache, keyRef("a"), "a1")
	server.Delete("fallow/keys")
	clock.pass(5 * time.Minute)
	_, err := cache.Get(t.Context(), keyRef("a"))
	checkError(t, err, "no such secret")
	server.Put("fallow/keys", `{"a": "a2"}`)
	clock.pass(time.Second)
	get(t, cache, keyRef("a"), "a2")
}

// Many callers, many secrets, expiry, refusals and rotation at once: nobody
// ever gets an error or a value that was never stored.
func TestSecretsManagerConcurrency(t *testing.T) {
	t.Parallel()
	server, cache, clock := managed(t)
	server.Put("fallow/keys", `{"a": "a"}`)
	server.Put("fallow/clients", `{"a": "a"}`)
	refs := []secret.Ref{keyRef("a"), {Scheme: secret.SchemeSecretsManager, ID: "fallow/clients", Field: "a"}}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 50 {
				ref := refs[(i+n)%len(refs)]
				v, err := cache.Get(t.Context(), ref)
				if err != nil || v.Reveal()[0] != 'a' {
					t.Errorf("Get: got %v, %v", v, err)
				}
				switch n % 10 {
				case 3:
					clock.pass(time.Minute)
				case 5:
					server.Put(ref.ID, fmt.Sprintf(`{"a": "a%d-%d"}`, i, n))
				case 7:
					if _, _, err := cache.Renew(t.Context(), ref, v); err != nil {
						t.Errorf("Renew: %v", err)
					}
				}
			}
		})
	}
	group.Wait()
}
