package rebalance

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// used is the record of a key that has served.
func used(a attrs) attrs {
	if a == nil {
		a = attrs{}
	}
	a[records.AttrOK] = 10
	return a
}

// TestProbe: what a free call means for each kind of rest.
func TestProbe(t *testing.T) {
	t.Parallel()
	began, late := after(-2*time.Minute), after(8*time.Minute)
	const own, group = "rest#key#a#*", "rest#group#a#*"
	again := nine.Add(refusedRest)
	tests := []struct {
		name string
		rest string // sort key
		is   attrs
		says reply
		want attrs // nil: the rest stays as it is
		note string
	}{
		{"a key that is good again", own, quarantined(upstream.Auth, began, late), models,
			attrs{records.AttrUntil: 0, records.AttrSetAt: nine, records.AttrQuarantine: 0, records.AttrCount: 0, records.AttrClass: "", records.AttrWhy: "the key lists its models again"}, "lists its models"},
		{"a key that is still dead", own, quarantined(upstream.Auth, began, after(time.Minute)), refusing(401, "authentication_error", "", "invalid x-api-key"),
			attrs{records.AttrUntil: again, records.AttrSetAt: began, records.AttrQuarantine: 1, records.AttrCount: 1, records.AttrWhy: "provider said auth when key a asked for its models"}, "was refused its models: provider said auth"},
		{"a dead key rests longer anyway", own, quarantined(upstream.Auth, began, after(time.Hour)), refusing(401, "authentication_error", "", ""), nil, ""},
		{"a dead key whose rest has run out", own, quarantined(upstream.Auth, began, after(-time.Second)), refusing(401, "authentication_error", "", ""),
			attrs{records.AttrUntil: again, records.AttrSetAt: began, records.AttrQuarantine: 1}, ""},
		{"a key that may not list models", own, quarantined(upstream.Auth, began, late), refusing(401, "", "", "Missing scopes: api.model.read"), nil, "says nothing of the key"},
		{"a provider in trouble", own, quarantined(upstream.Auth, began, late), refusing(529, "overloaded_error", "", ""), nil, "provider said overload"},
		{"a proxy's page", own, quarantined(upstream.Auth, began, late), reply{status: 200, body: "<html>"}, nil, "provider said provider"},
		{"a redirect", own, quarantined(upstream.Auth, began, late), reply{status: 302}, nil, ""},
		{"no answer", own, quarantined(upstream.Auth, began, late), reply{err: errors.New("connection refused")}, nil, "no answer"},
		{"an answer without end", own, quarantined(upstream.Auth, began, late), reply{status: 200, body: strings.Repeat("x", maxAnswer+1)}, nil, "no answer"},
		{"an episode that began at the same moment", own, quarantined(upstream.Auth, nine.Add(time.Millisecond), late), models, nil, "lists its models"},

		{"a model that is listed", "rest#key#a#" + sonnet, resting(upstream.Permission, began, late), models,
			attrs{records.AttrUntil: nine, records.AttrSetAt: nine, records.AttrQuarantine: 1, records.AttrCount: 1, records.AttrClass: upstream.Permission, records.AttrWhy: "the key lists this model; one request may try it"}, ""},
		{"a model that is not", "rest#key#a#claude-opus-5", resting(upstream.Permission, began, late), models, nil, ""},

		{"credit, after a while", group, quarantined(upstream.Billing, after(-5*time.Minute), late), models,
			attrs{records.AttrUntil: nine, records.AttrSetAt: nine, records.AttrQuarantine: 1, records.AttrWhy: "key a lists its models, which proves nothing of billing; one request may try"}, ""},
		{"credit, too soon", group, quarantined(upstream.Billing, after(-4*time.Minute), late), models, nil, ""},
		{"credit, and a request may try already", group, quarantined(upstream.Billing, after(-11*time.Minute), after(-time.Minute)), models, nil, ""},
		{"no credit, said again", group, quarantined(upstream.Billing, began, after(time.Minute)), refusing(402, "billing_error", "", ""),
			attrs{records.AttrUntil: again, records.AttrSetAt: began}, "was refused its models: provider said billing"},
		{"a spend cap, within the hour", group, quarantined(upstream.SpendCap, after(-59*time.Minute), after(200*time.Hour)), models, nil, ""},
		{"a spend cap, after an hour", group, quarantined(upstream.SpendCap, after(-time.Hour), after(200*time.Hour)), models,
			attrs{records.AttrUntil: nine, records.AttrSetAt: nine, records.AttrClass: upstream.SpendCap}, ""},
		{"a spend cap, said again with its end", group, quarantined(upstream.SpendCap, began, after(time.Minute)), refusing(429, "rate_limit_error", "enforced_spend_limit_reached", ""),
			attrs{records.AttrUntil: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), records.AttrSetAt: began}, ""},
		{"a hold instead", group, quarantined(upstream.Billing, began, late), refusing(400, "invalid_request_error", "organization_on_hold", ""),
			attrs{records.AttrUntil: nine.Add(holdRest), records.AttrClass: upstream.Hold}, ""},
		{"a dead key of a group without credit", group, quarantined(upstream.Billing, began, late), refusing(401, "authentication_error", "", ""), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			put(t, table, "key#a", used(nil))
			put(t, table, tt.rest, tt.is)
			p := newProvider(map[string]reply{"a": tt.says})
			report := probe(t, table, p, nine.Add(time.Millisecond), "a") // later than the rests
			if n := p.called("a"); n != 1 || report.Tried != 1 {
				t.Fatalf("called %d times, report %+v; want one call", n, report)
			}
			expected := tt.want
			if expected == nil {
				expected = tt.is
			}
			for name, at := range expected { // times of the run itself
				if at == nine && (name == records.AttrUntil || name == records.AttrSetAt) && tt.want != nil {
					expected[name] = nine.Add(time.Millisecond)
				}
				if at == again || at == nine.Add(holdRest) {
					expected[name] = at.(time.Time).Add(time.Millisecond)
				}
			}
			want(t, table, tt.rest, expected)
			if got := get(t, table, "key#a").Str(records.AttrTriedWhy); !strings.Contains(got, tt.note) || got == "" {
				t.Errorf("noted %q, want %q", got, tt.note)
			}
		})
	}
}

// TestWhichKeysAreAsked: those that rest as refused and those never used, one
// for the sake of its group, and none of an organisation on hold.
func TestWhichKeysAreAsked(t *testing.T) {
	t.Parallel()
	late := after(time.Hour)
	tests := []struct {
		name    string
		keys    []string
		records map[string]attrs // by sort key
		want    []string
	}{
		{"well used", []string{"a"}, map[string]attrs{"key#a": used(nil)}, nil},
		{"never used", []string{"a", "b"}, map[string]attrs{"key#b": {records.AttrTriedWhy: "lists its models"}}, []string{"a", "b"}},
		{"refused only, and not resting", []string{"a"}, map[string]attrs{"key#a": {records.AttrRefused: 3}}, nil},
		{"a limit is no reason", []string{"a"}, map[string]attrs{"key#a": used(nil), "quota#a#m": resting(upstream.RateLimit, nine, late), "rest#group#a#*": resting(upstream.Concurrency, nine, late)}, nil},
		{"one key for its group", []string{"a=g", "b=g", "c=g"}, map[string]attrs{"key#a": used(attrs{records.AttrTriedAt: after(-6 * time.Minute)}), "key#b": used(nil), "key#c": used(nil),
			"rest#group#g#*": quarantined(upstream.Billing, nine, late)}, []string{"b"}},
		{"its group's key was asked lately", []string{"a=g", "b=g"}, map[string]attrs{"key#a": used(attrs{records.AttrTriedAt: after(-time.Minute)}), "key#b": used(nil),
			"rest#group#g#*": quarantined(upstream.Billing, nine, late)}, nil},
		{"not through a key in doubt", []string{"a=g", "b=g"}, map[string]attrs{"key#a": used(nil), "key#b": used(attrs{records.AttrTriedAt: after(-9 * time.Minute)}),
			"rest#key#a#*": quarantined(upstream.Auth, nine, late), "rest#group#g#*": quarantined(upstream.Billing, nine, late)}, []string{"a", "b"}},
		{"all in doubt", []string{"a=g"}, map[string]attrs{"key#a": used(nil),
			"rest#key#a#*": quarantined(upstream.Auth, nine, late), "rest#group#g#*": quarantined(upstream.Billing, nine, late)}, []string{"a"}},
		{"asked lately", []string{"a", "b"}, map[string]attrs{"key#a": {records.AttrTriedAt: after(-4 * time.Minute)}, "key#b": {records.AttrTriedAt: after(-5 * time.Minute)}}, []string{"b"}},
		{"asked by a clock ahead", []string{"a", "b"}, map[string]attrs{"key#a": {records.AttrTriedAt: after(time.Minute)}, "key#b": {records.AttrTriedAt: after(24 * time.Hour)}}, []string{"b"}},
		{"on hold", []string{"a=g", "b=g", "c"}, map[string]attrs{"key#a": used(nil), "rest#group#g#*": quarantined(upstream.Hold, nine, late),
			"rest#key#a#*": quarantined(upstream.Auth, nine, late)}, []string{"c"}},
		{"longest waiting first", []string{"a", "b", "c"}, map[string]attrs{"key#a": {records.AttrTriedAt: after(-6 * time.Minute)}, "key#c": {records.AttrTriedAt: after(-7 * time.Minute)}}, []string{"b", "c", "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			for sort, a := range tt.records {
				put(t, table, sort, a)
			}
			p := newProvider(map[string]reply{})
			var asked []string
			p.before = func(key string) { asked = append(asked, key) }
			for _, k := range tt.keys {
				name, _, _ := strings.Cut(k, "=")
				p.answer(name, models)
			}
			probe(t, table, p, nine, tt.keys...)
			if !slices.Equal(asked, tt.want) {
				t.Errorf("asked %q, want %q", asked, tt.want)
			}
		})
	}
}

// TestUnusedKeys: a dead one rests before a client meets it, a good one's
// organisation is known before it is used.
func TestUnusedKeys(t *testing.T) {
	t.Parallel()
	table := newTable()
	p := newProvider(map[string]reply{"good": models, "restricted": refusing(403, "permission_error", "", "no")})
	report := probe(t, table, p, nine, "good", "dead", "restricted")
	if report.Tried != 3 || report.Refused != 1 {
		t.Errorf("report %+v, want three asked and one refused", report)
	}
	want(t, table, "rest#key#dead#*", attrs{records.AttrClass: upstream.Auth, records.AttrQuarantine: 1, records.AttrUntil: nine.Add(refusedRest), records.AttrSetAt: nine, records.AttrCount: 1})
	want(t, table, "key#good", attrs{records.AttrOwner: records.OwnerName("organisation-a"), records.AttrTriedAt: nine, records.AttrTriedWhy: "lists its models"})
	if got := get(t, table, "rest#key#restricted#*"); len(got.Attrs) != 0 {
		t.Errorf("a key that may not list models rests: %v", got)
	}
	if got := get(t, table, "key#good"); got.Has(records.AttrWeight) {
		t.Errorf("an unused key got a weight: %v", got)
	}
	// Later the dead key is replaced: it comes back, and belongs to the same
	// organisation as the other.
	p.answer("dead", models)
	report = probe(t, table, p, after(5*time.Minute), "good", "dead", "restricted")
	if report.Restored != 1 || !slices.Equal(report.Shared, []string{"keys good, dead, restricted are one organisation: pooling them gains rotation, not capacity"}) {
		t.Errorf("report %+v, want one restored and three keys of one organisation", report)
	}
	want(t, table, "rest#key#dead#*", attrs{records.AttrUntil: 0, records.AttrQuarantine: 0})
}

// TestDeadKeyIsNotLeftToClients: asked each time before its rest ends, it rests
// on and on, by the schedule's pace and one that is a minute late.
func TestDeadKeyIsNotLeftToClients(t *testing.T) {
	t.Parallel()
	table := newTable()
	p := newProvider(nil)
	for minute := range 60 {
		if minute%11 == 5 {
			continue // a run that did not happen
		}
		now := after(time.Duration(minute) * time.Minute)
		probe(t, table, p, now, "dead")
		if until := get(t, table, "rest#key#dead#*").Int(records.AttrUntil); until <= now.UnixMilli() {
			t.Fatalf("minute %d: the rest ended at %v", minute, time.UnixMilli(until))
		}
	}
	if n := p.called("dead"); n < 9 || n > 12 {
		t.Errorf("asked %d times in an hour, want about 11", n)
	}
}

// TestReplacedSecret: a credential that is refused is read anew, and what
// stands there now asked with.
func TestReplacedSecret(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "rest#key#a#*", quarantined(upstream.Auth, after(-time.Minute), after(time.Minute)))
	p := newProvider(map[string]reply{"new": models})
	cfg := wired(table, p, func() time.Time { return nine }, "a")
	env := map[string]string{"SECRET_a": "old"}
	cfg.Secrets = secret.NewCache(secret.Config{Sources: map[string]secret.Source{secret.SchemeEnv: source(env)}})
	p.before = func(string) { env["SECRET_a"] = "new" }
	report, err := New(cfg).Run(t.Context())
	if err != nil || report.Restored != 1 || p.called("old") != 1 || p.called("new") != 1 {
		t.Errorf("got %+v, %v, called %v; want it restored by the new secret", report, err, p.calls)
	}
}

// TestUnreadableSecret is told and is no failure: a pool may name keys that
// nobody has set yet.
func TestUnreadableSecret(t *testing.T) {
	t.Parallel()
	table := newTable()
	p := newProvider(map[string]reply{"b": models})
	cfg := wired(table, p, func() time.Time { return nine }, "a", "b")
	cfg.Upstreams["claude"].Keys["a"] = secret.Ref{Scheme: secret.SchemeEnv, ID: "NOT_SET"}
	report, err := New(cfg).Run(t.Context())
	if err != nil || !slices.Equal(report.Unreadable, []string{"claude/a"}) || report.Tried != 1 {
		t.Errorf("got %+v, %v; want key a unreadable and b tried", report, err)
	}
	want(t, table, "key#a", attrs{records.AttrTriedWhy: "could not be asked for its models: its secret cannot be read"})
}

// TestUnusableBaseURL counts as no answer.
func TestUnusableBaseURL(t *testing.T) {
	t.Parallel()
	table := newTable()
	cfg := wired(table, newProvider(nil), func() time.Time { return nine }, "a")
	u := cfg.Upstreams["claude"]
	u.BaseURL = "://"
	cfg.Upstreams["claude"] = u
	if report, err := New(cfg).Run(t.Context()); err != nil || report.Tried != 1 || report.Refused != 0 {
		t.Errorf("got %+v, %v; want nothing held against the key", report, err)
	}
}

// TestManyErrands are spread over several runs.
func TestManyErrands(t *testing.T) {
	t.Parallel()
	table := newTable()
	p := newProvider(nil)
	var keys []string
	for i := range 3 * mostErrands / 2 {
		keys = append(keys, "k"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	cfg := wired(table, p, func() time.Time { return nine }, keys...)
	cfg.Parallel = 0 // the default
	for i, want := range []int{mostErrands, mostErrands / 2, 0} {
		if report, err := New(cfg).Run(t.Context()); err != nil || report.Tried != want {
			t.Errorf("run %d: tried %d, %v; want %d", i, report.Tried, err, want)
		}
	}
}

// unlisted is a dialect whose provider has no free call.
type unlisted struct{ provider.Dialect }

func (unlisted) ModelsCall() *provider.Call { return nil }

// TestNothingIsAskedWithoutAFreeCall: a key must not be tried at a price.
func TestNothingIsAskedWithoutAFreeCall(t *testing.T) {
	t.Parallel()
	table, p := newTable(), newProvider(nil)
	cfg := wired(table, p, func() time.Time { return nine }, "a")
	u := cfg.Upstreams["claude"]
	u.Dialect = unlisted{u.Dialect}
	cfg.Upstreams["claude"] = u
	report, err := New(cfg).Run(t.Context())
	if err != nil || report.Tried != 0 || p.called("a") != 0 {
		t.Errorf("got %+v, %v and %d calls, want none", report, err, p.called("a"))
	}
}
