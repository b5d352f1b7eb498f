package doctor_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

func TestEverythingIsWell(t *testing.T) {
	t.Parallel()
	sim := simulate(t, 2, 1)
	doc := document(t, keys(2)...)
	table := embedded.NewMemory()
	job := rebalance.New(rebalance.Config{Document: doc, Table: table})
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := doctor.Run(t.Context(), doctor.Config{
		Document: doc, Table: table, Secrets: secrets(environ(2)...), Upstreams: upstreams(t, sim.URL()),
		Credentials: found("found (EnvConfigCredentials), region eu-central-1", nil),
	})
	if r.Count(doctor.OK) != len(r.Findings) || len(r.Findings) != 8 {
		t.Errorf("got\n%s, want eight good findings", list(r))
	}
	wantFinding(t, r, "AWS credentials", doctor.OK, "EnvConfigCredentials", "")
	wantFinding(t, r, "secrets", doctor.OK, "all 3 can be read", "")
	wantFinding(t, r, "schedule, pool claude", doctor.OK, "ran 0s ago", "")
	wantFinding(t, r, "key claude/key-1", doctor.OK, "models listed in", "")
	wantFinding(t, r, "pooling, pool claude", doctor.OK, "2 keys, 2 organisations: pooling gains the capacity of all 2", "")
}

// TestPoolingHonestly is what the command is for: what share a quota is told,
// and what is not known is not claimed.
func TestPoolingHonestly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                    string
		organisations, keysEach int
		edit                    func([]string)
		groups                  []int // keys in each
		level                   doctor.Level
		gain                    string
	}{
		{"one key", 1, 1, nil, []int{1}, doctor.OK, "1 key: there is nothing to pool"},
		{"one organisation", 1, 4, nil, []int{4}, doctor.Warn, "4 keys, 1 organisation: pooling gains rotation, not capacity"},
		{"two organisations", 2, 2, nil, []int{2, 2}, doctor.OK, "4 keys, 2 organisations: pooling gains the capacity of 2 quotas"},
		{"as many as keys", 3, 1, nil, []int{1, 1, 1}, doctor.OK, "3 keys, 3 organisations: pooling gains the capacity of all 3"},
		{"the operator's word", 1, 2, func(k []string) {
			k[0] = `{name: key-1, secret: "env:KEY_1", quota: a}`
			k[1] = `{name: key-2, secret: "env:KEY_2", quota: b}`
		}, []int{1, 1}, doctor.OK, "2 keys, 2 organisations"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := tt.organisations * tt.keysEach
			sim, all := simulate(t, tt.organisations, tt.keysEach), keys(n)
			if tt.edit != nil {
				tt.edit(all)
			}
			r := doctor.Run(t.Context(), doctor.Config{Document: document(t, all...), Secrets: secrets(environ(n)...), Upstreams: upstreams(t, sim.URL())})
			wantFinding(t, r, "pooling, pool claude", tt.level, tt.gain, "")
			var sizes []int
			for _, g := range r.Pools[0].Groups {
				sizes = append(sizes, len(g.Keys))
				if !g.Known {
					t.Errorf("group %s is not known", g.Name)
				}
			}
			if diff := cmp.Diff(tt.groups, sizes); diff != "" || !strings.HasPrefix(r.Pools[0].Gain, tt.gain) {
				t.Errorf("gain %q, sizes of the groups (-want +got):\n%s", r.Pools[0].Gain, diff)
			}
			if tt.edit != nil {
				wantFinding(t, r, "pooling, pool claude", doctor.Warn, "key-1 (quota a) and key-2 (quota b) belong to one organisation, org-", "one quota")
			}
		})
	}
}

// TestUnknownOwners: a provider that does not say whose keys are leaves that
// to what instances have learned, and to the operator.
func TestUnknownOwners(t *testing.T) {
	t.Parallel()
	url := answering(t, 200, `{"data": []}`)
	table := embedded.NewMemory()
	cfg := doctor.Config{Document: document(t, keys(2)...), Table: table, Secrets: secrets(environ(2)...), Upstreams: upstreams(t, url)}
	const about = "pooling, pool claude"
	wantFinding(t, doctor.Run(t.Context(), cfg), about, doctor.Warn, "2 keys, and the provider does not say whose", "quota: NAME")
	learn := func(key, owner string) {
		change := store.Change{Do: []store.Assign{store.Set(records.AttrOwner, store.Text(owner))}}
		if _, err := table.Update(t.Context(), records.Key("claude", key), change); err != nil {
			t.Fatal(err)
		}
	}
	learn("key-1", "org-a")
	wantFinding(t, doctor.Run(t.Context(), cfg), about, doctor.Warn, "2 keys, of which 1 belong to 1 organisation; of 1 it is not known", "")
	learn("key-2", "org-a")
	r := doctor.Run(t.Context(), cfg)
	wantFinding(t, r, about, doctor.Warn, "rotation, not capacity", "higher tier")
	want := []doctor.Pool{{Name: "claude", Provider: "anthropic", Gain: "2 keys, 1 organisation: pooling gains rotation, not capacity",
		Groups: []doctor.Group{{Name: "org-a", Keys: []string{"key-1", "key-2"}, Known: true}}}}
	if diff := cmp.Diff(want, r.Pools, cmpopts.IgnoreUnexported(doctor.Pool{})); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
}

func TestRevokedKey(t *testing.T) {
	t.Parallel()
	sim := simulate(t, 1, 2)
	sim.Revoke("sim-key-2")
	r := doctor.Run(t.Context(), doctor.Config{Document: document(t, keys(2)...), Secrets: secrets(environ(2)...), Upstreams: upstreams(t, sim.URL())})
	wantFinding(t, r, "key claude/key-1", doctor.OK, "works", "")
	wantFinding(t, r, "key claude/key-2", doctor.Fail, "is refused by the provider", "fallow keys set claude/key-2")
	if strings.Contains(list(r), "sim-key") || strings.Contains(list(r), "token") {
		t.Errorf("a secret is in the report:\n%s", list(r))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	fault := func(kind, message string) string {
		return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q}}`, kind, message)
	}
	tests := []struct {
		name   string
		status int
		body   string
		level  doctor.Level
		says   string
		fix    string
	}{
		{"permission", 403, fault("permission_error", "no"), doctor.Warn, "may not list models", "claude/key-1 is meant to be restricted"},
		{"billing", 402, fault("billing_error", "pay"), doctor.Fail, "has no credit (pay)", "credit"},
		{"limited", 429, fault("rate_limit_error", "slow down"), doctor.Warn, "is limited right now (slow down)", "rests"},
		{"overloaded", 529, fault("overloaded_error", ""), doctor.Warn, "no capacity", "status page"},
		{"fault of its own", 500, "<html>", doctor.Warn, "fault of its own", "status page"},
		{"no such call", 404, fault("not_found_error", "Not found"), doctor.Warn, "does not take the free call", "no list of models"},
		{"somebody else's page", 200, "<html>It works!</html>", doctor.Fail, "is not a list of models", "pools.claude.base_url"},
		{"long message", 500, fault("api_error", strings.Repeat("ü", 300)), doctor.Warn, strings.Repeat("ü", 200) + "…", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := doctor.Run(t.Context(), doctor.Config{
				Document: document(t, keys(1)...), Secrets: secrets(environ(1)...), Upstreams: upstreams(t, answering(t, tt.status, tt.body)),
			})
			wantFinding(t, r, "key claude/key-1", tt.level, tt.says, tt.fix)
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	r := doctor.Run(t.Context(), doctor.Config{Document: document(t, keys(1)...), Secrets: secrets(environ(1)...), Upstreams: upstreams(t, gone.URL)})
	wantFinding(t, r, "key claude/key-1", doctor.Fail, "nothing answers", "base_url")
}

// stuck never answers until its context ends.
type stuck struct{}

func (stuck) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// stuckTable does the same, as a network that drops packets.
type stuckTable struct{ store.Table }

func (stuckTable) Get(ctx context.Context, _ store.Key) (store.Item, bool, error) {
	<-ctx.Done()
	return store.Item{}, false, ctx.Err()
}

// TestTimeIsBounded: whatever hangs, the report comes, and says what did.
func TestTimeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := upstreams(t, "http://127.0.0.1:1")
		u := up["claude"]
		u.Client = stuck{}
		up["claude"] = u
		begin := time.Now()
		r := doctor.Run(t.Context(), doctor.Config{
			Document: document(t, keys(40)...), Table: stuckTable{embedded.NewMemory()}, Secrets: secrets(environ(40)...), Upstreams: up,
			Credentials: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() },
		})
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("took %v, want 20s", took)
		}
		wantFinding(t, r, "AWS credentials", doctor.Fail, "deadline exceeded", "AWS_PROFILE")
		wantFinding(t, r, "config revisions", doctor.Fail, "deadline exceeded", "dynamodb:GetItem")
		wantFinding(t, r, "schedule, pool claude", doctor.Fail, "deadline exceeded", "")
		wantFinding(t, r, "key claude/key-40", doctor.Fail, "nothing answers", "")
	})
}

func TestSecretsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	doc := document(t, `{name: key-1, secret: "env:KEY_1"}`, `{name: key-2, secret: "file:/nowhere/key"}`,
		`{name: key-3, secret: "secretsmanager:app/keys#three"}`, `{name: key-4, secret: "secretsmanager:gone"}`)
	p := doc.Pools["claude"]
	p.AdminKey = "env:ADMIN_KEY"
	doc.Pools["claude"] = p
	doc.Admin = config.Admin{Secret: "env:ADMIN"}
	doc.Clients.EdgeSecrets = []string{"env:EDGE"}
	cache := secret.NewCache(secret.Config{Sources: map[string]secret.Source{
		secret.SchemeEnv: secret.Env(nil), secret.SchemeFile: secret.Env(nil), secret.SchemeSecretsManager: manager{},
	}})
	r := doctor.Run(t.Context(), doctor.Config{Document: doc, Secrets: cache, Upstreams: upstreams(t, "http://127.0.0.1:1")})
	wantFinding(t, r, "secret of claude/key-1", doctor.Fail, "env:KEY_1", "set the variable KEY_1")
	wantFinding(t, r, "secret of claude/key-2", doctor.Fail, "file:/nowhere/key", "into /nowhere/key")
	wantFinding(t, r, "secret of claude/key-3", doctor.Fail, "the secret is empty", "fallow keys set claude/key-3")
	wantFinding(t, r, "secret of claude/key-4", doctor.Fail, "no such secret", "deploy the stack")
	wantFinding(t, r, "secret of claude/admin_key", doctor.Fail, "", "ADMIN_KEY")
	wantFinding(t, r, "secret of clients/bot", doctor.Fail, "", "BOT")
	wantFinding(t, r, "secret of clients/edge/1", doctor.Fail, "", "EDGE")
	wantFinding(t, r, "secret of admin", doctor.Fail, "", "ADMIN")
	wantFinding(t, r, "key claude/key-1", doctor.Warn, "was not tried", "")
	wantFinding(t, r, "table", doctor.Warn, "no table was named", "--table")
}

// manager has one secret with an empty field, as a stack begins.
type manager struct{}

func (manager) Read(_ context.Context, id string) (string, error) {
	if id == "gone" {
		return "", secret.ErrGone
	}
	return `{"three":""}`, nil
}

func TestReferenceThatIsNone(t *testing.T) {
	t.Parallel()
	doc := document(t, keys(1)...)
	doc.Clients.Tokens[0].Secret = "planted"
	r := doctor.Run(t.Context(), doctor.Config{Document: doc, Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL())})
	wantFinding(t, r, "secret of clients/bot", doctor.Fail, "not a secret reference", "")
	if strings.Contains(list(r), "planted") {
		t.Errorf("the report repeats it:\n%s", list(r))
	}
}

// TestSecretsManagerDoesNotAnswer: who is told to set a key that is set will
// set it, and nothing will be better.
func TestSecretsManagerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	call := func(err error) error { return &smithy.OperationError{OperationName: "GetSecretValue", Err: err} }
	for _, tt := range []struct {
		name        string
		credentials error
		err         error
		says, fix   string
	}{
		{"no credentials", errors.New("none"), call(errors.New("get identity: …")), "cannot be read without AWS credentials", "see the finding about AWS credentials"},
		{"no right", nil, call(&smithy.GenericAPIError{Code: "AccessDeniedException"}), "AccessDenied", "allow secretsmanager:GetSecretValue"},
		{"no network", nil, call(errors.New("dial tcp: i/o timeout")), "i/o timeout", "the way out of the network"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := doctor.Run(t.Context(), doctor.Config{
				Document: document(t, `{name: key-1, secret: "secretsmanager:app/keys#one"}`), Upstreams: upstreams(t, "http://127.0.0.1:1"),
				Secrets: secret.NewCache(secret.Config{Sources: map[string]secret.Source{
					secret.SchemeEnv: secret.Env([]string{"BOT=x"}), secret.SchemeSecretsManager: failing{tt.err},
				}}),
				Credentials: found("here", tt.credentials),
			})
			wantFinding(t, r, "secret of claude/key-1", doctor.Fail, tt.says, tt.fix)
			if strings.Contains(list(r), "keys set") {
				t.Errorf("setting it is no remedy:\n%s", list(r))
			}
		})
	}
}

// failing is a source that fails.
type failing struct{ err error }

func (f failing) Read(context.Context, string) (string, error) { return "", f.err }

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	r := doctor.Run(t.Context(), doctor.Config{
		Document: document(t, keys(1)...), Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL()),
		Credentials: found("", errors.New("no region is set")),
	})
	wantFinding(t, r, "AWS credentials", doctor.Fail, "no region is set", "AWS_REGION")
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		ago   time.Duration
		level doctor.Level
		says  string
	}{
		{"just now", 30 * time.Second, doctor.OK, "ran 30s ago"},
		{"clocks differ", -2 * time.Second, doctor.OK, "ran 0s ago"},
		{"late", 4 * time.Minute, doctor.Warn, "last ran 4m0s ago"},
		{"stopped", time.Hour, doctor.Fail, "last ran 1h0m0s ago"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, table := document(t, keys(1)...), embedded.NewMemory()
			job := rebalance.New(rebalance.Config{Document: doc, Table: table, Now: func() time.Time { return at }})
			if _, err := job.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := doctor.Run(t.Context(), doctor.Config{
				Document: doc, Table: table, Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL()),
				Now: func() time.Time { return at.Add(tt.ago) },
			})
			wantFinding(t, r, "schedule, pool claude", tt.level, tt.says, "")
		})
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	text := "version: 1\npools:\n  claude: {provider: anthropic, keys: [{name: key-1, secret: \"env:KEY_1\", weight: 7}]}\n" +
		"models: {\"*\": {targets: [{pool: claude}]}}\nclients: {auth: tokens, tokens: [{name: bot, secret: \"env:BOT\"}]}\n"
	apply := func(text string) func(*testing.T, store.Table) {
		return func(t *testing.T, table store.Table) {
			_, _, err := revision.New(revision.Config{Table: table}).Apply(t.Context(),
				revision.Draft{Text: []byte(text), Author: "alice", Source: revision.FromCLI})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	const other = "version: 2\n"
	overwrite := func(hash string) func(t *testing.T, table store.Table) {
		return func(t *testing.T, table store.Table) {
			apply(text)(t, table)
			_, err := table.Update(t.Context(), store.Key{Partition: "config#main", Sort: "head"}, store.Change{Do: []store.Assign{
				store.Set("text_1", store.Text(other)), store.Set("hash", store.Text(hash)),
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name     string
		followed bool
		before   func(*testing.T, store.Table)
		level    doctor.Level
		says     string
	}{
		{"none", false, nil, doctor.OK, "there is none; instances keep to the deployed file"},
		{"none to follow", true, nil, doctor.Warn, "there is none, so instances keep to the deployed file"},
		{"the same", false, apply(strings.Replace(text, ", weight: 7", "", 1)), doctor.OK, "says the same as the file"},
		{"another", false, apply(text), doctor.Warn, "differs from the file in 1 place; the file is in force"},
		{"another, followed", true, apply(text), doctor.Warn, "in 2 places; the revision is in force"},
		{"damaged", false, overwrite("00"), doctor.Fail, "does not have the hash"},
		{"of a newer program", false, overwrite(fmt.Sprintf("%x", sha256.Sum256([]byte(other)))), doctor.Fail, "cannot be used by this version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, table := document(t, keys(1)...), embedded.NewMemory()
			if tt.followed {
				doc.Admin.Config.Source = config.SourceTable
			}
			if tt.before != nil {
				tt.before(t, table)
			}
			r := doctor.Run(t.Context(), doctor.Config{Document: doc, Table: table, Secrets: secrets(environ(1)...), Upstreams: upstreams(t, simulate(t, 1, 1).URL())})
			wantFinding(t, r, "config revisions", tt.level, tt.says, "")
		})
	}
}

func TestTableDown(t *testing.T) {
	t.Parallel()
	table := storetest.NewFaulty(embedded.NewMemory())
	table.Down(true)
	r := doctor.Run(t.Context(), doctor.Config{Document: document(t, keys(2)...), Table: table,
		Secrets: secrets(environ(2)...), Upstreams: upstreams(t, answering(t, 200, `{"data":[]}`))})
	wantFinding(t, r, "config revisions", doctor.Fail, "injected fault", "dynamodb:GetItem")
	wantFinding(t, r, "schedule, pool claude", doctor.Fail, "injected fault", "")
	wantFinding(t, r, "pooling, pool claude", doctor.Warn, "does not say whose", "")
}
