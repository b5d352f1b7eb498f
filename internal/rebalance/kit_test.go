package rebalance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var nine = time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)

const sonnet = "claude-sonnet-5"

func after(d time.Duration) time.Time { return nine.Add(d) }

// document has one pool named claude, with keys of these names; "name=quota"
// names the quota group too.
func document(keys ...string) *config.Config {
	p := config.Pool{Provider: "anthropic"}
	for _, k := range keys {
		name, quota, _ := strings.Cut(k, "=")
		p.Keys = append(p.Keys, config.Key{Name: name, Weight: 1, Quota: quota})
	}
	return &config.Config{Pools: map[string]config.Pool{"claude": p}}
}

func runner(table store.Table, now time.Time, keys ...string) *Runner {
	return New(Config{Document: document(keys...), Table: table, Now: func() time.Time { return now }})
}

// run runs the job without a provider; it must not fail.
func run(t *testing.T, table store.Table, now time.Time, keys ...string) Report {
	t.Helper()
	report, err := runner(table, now, keys...).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// attrs are what a record holds: numbers as int, int64 or time.Time, texts as
// string or upstream.Class.
type attrs map[string]any

func value(v any) store.Value {
	switch v := v.(type) {
	case int:
		return store.Num(int64(v))
	case int64:
		return store.Num(v)
	case time.Time:
		return store.Num(v.UnixMilli())
	case upstream.Class:
		return store.Text(string(v))
	default:
		return store.Text(v.(string))
	}
}

// put writes attributes into the record of that sort key.
func put(t testing.TB, table store.Table, sort string, a attrs) {
	t.Helper()
	var c store.Change
	for _, name := range slices.Sorted(maps.Keys(a)) {
		c.Do = append(c.Do, store.Set(name, value(a[name])))
	}
	if _, err := table.Update(context.Background(), store.Key{Partition: "pool#claude", Sort: sort}, c); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, table store.Table, sort string) store.Item {
	t.Helper()
	item, _, err := table.Get(context.Background(), store.Key{Partition: "pool#claude", Sort: sort})
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// want compares attributes of a record.
func want(t testing.TB, table store.Table, sort string, a attrs) {
	t.Helper()
	item := get(t, table, sort)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if got := item.Attrs[name]; got != value(a[name]) {
			t.Errorf("%s of %s is %s, want %s", name, sort, show(got), show(value(a[name])))
		}
	}
}

func show(v store.Value) string {
	if v.IsText() {
		return fmt.Sprintf("%q", v.Str())
	}
	return fmt.Sprint(v.Int())
}

// counted adds to a key's counters as instances do: pairs of name and number.
func counted(t testing.TB, table store.Table, key string, pairs ...any) {
	t.Helper()
	var c store.Change
	for i := 0; i < len(pairs); i += 2 {
		c.Do = append(c.Do, store.Add(pairs[i].(string), int64(pairs[i+1].(int))))
	}
	if _, err := table.Update(context.Background(), records.Key("claude", key), c); err != nil {
		t.Fatal(err)
	}
}

// resting is a rest as instances write it.
func resting(class upstream.Class, set, until time.Time) attrs {
	return attrs{records.AttrClass: class, records.AttrSetAt: set, records.AttrUntil: until, records.AttrWhy: "provider said " + string(class), records.AttrCount: 1, records.AttrQuarantine: 0}
}

func quarantined(class upstream.Class, set, until time.Time) attrs {
	a := resting(class, set, until)
	a[records.AttrQuarantine] = 1
	return a
}

// provider is a fake one: it answers calls by credential and counts them.
type fakeProvider struct {
	mu    sync.Mutex
	calls map[string]int // by credential
	// answers are by credential; one that is missing gets 401.
	answers map[string]reply
	// before is called with the credential before an answer.
	before func(key string)
}

type reply struct {
	status int
	owner  string
	body   string
	err    error
}

var models = reply{status: 200, owner: "organisation-a", body: `{"data":[{"id":"claude-sonnet-5"},{"id":"claude-haiku-4-5"}]}`}

func refusing(status int, kind, code, message string) reply {
	return reply{status: status, owner: "organisation-a", body: fmt.Sprintf(
		`{"type":"error","error":{"type":%q,"message":%q,"details":{"error_code":%q}}}`, kind, message, code)}
}

func newProvider(answers map[string]reply) *fakeProvider {
	return &fakeProvider{calls: map[string]int{}, answers: answers}
}

func (p *fakeProvider) Do(r *http.Request) (*http.Response, error) {
	key := r.Header.Get("x-api-key")
	p.mu.Lock()
	p.calls[key]++
	a, ok := p.answers[key]
	before := p.before
	p.mu.Unlock()
	if before != nil {
		before(key)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if !ok {
		a = refusing(401, "authentication_error", "", "invalid x-api-key")
	}
	if a.err != nil {
		return nil, a.err
	}
	w := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: http.NoBody}
	if a.owner != "" {
		w.Header.Set("anthropic-organization-id", a.owner)
	}
	if a.body != "" {
		w.Body = bodyOf(a.body)
	}
	return w, nil
}

func (p *fakeProvider) answer(key string, a reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[key] = a
}

func (p *fakeProvider) called(key string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[key]
}

// wired is the config of a runner whose keys have their own names as secrets,
// from a fake provider.
func wired(table store.Table, p Client, now func() time.Time, keys ...string) Config {
	u := Upstream{Dialect: anthropic.New(anthropic.Config{}), BaseURL: "https://provider.test", Client: p, Keys: map[string]secret.Ref{}}
	doc := document(keys...)
	var environ []string
	for _, k := range doc.Pools["claude"].Keys {
		u.Keys[k.Name] = secret.Ref{Scheme: secret.SchemeEnv, ID: "SECRET_" + k.Name}
		environ = append(environ, "SECRET_"+k.Name+"="+k.Name)
	}
	environ = append(environ, "ADMIN=admin")
	return Config{
		Document: doc, Table: table, Upstreams: map[string]Upstream{"claude": u}, Now: now, Parallel: 1,
		Secrets: secret.NewCache(secret.Config{Sources: map[string]secret.Source{secret.SchemeEnv: secret.Env(environ)}}),
	}
}

// probe runs the job with a provider; it must not fail.
func probe(t *testing.T, table store.Table, p Client, now time.Time, keys ...string) Report {
	t.Helper()
	report, err := New(wired(table, p, func() time.Time { return now }, keys...)).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func newTable() store.Table { return embedded.NewMemory() }

func bodyOf(text string) *body { return &body{strings.NewReader(text)} }

type body struct{ *strings.Reader }

func (*body) Close() error { return nil }

// hanging is a provider that never answers.
type hanging struct{}

func (hanging) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// source reads secrets from a map that a test may change.
type source map[string]string

func (s source) Read(_ context.Context, id string) (string, error) { return s[id], nil }
