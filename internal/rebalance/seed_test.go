package rebalance

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

// seeding is wired with an admin key of organisation-a, and routes.
func seeding(table store.Table, p Client, now func() time.Time, keys ...string) Config {
	cfg := wired(table, p, now, keys...)
	u := cfg.Upstreams["claude"]
	u.Admin = &secret.Ref{Scheme: secret.SchemeEnv, ID: "ADMIN"}
	cfg.Upstreams["claude"] = u
	cfg.Document.Models = map[string]config.Route{
		"*":      {Targets: []config.Target{{Pool: "claude"}}},
		"review": {Targets: []config.Target{{Pool: "claude", Model: sonnet}, {Pool: "other", Model: "claude-opus-4-5"}}},
		sonnet:   {Targets: []config.Target{{Pool: "claude"}}},
	}
	return cfg
}

func rateLimits(t testing.TB) reply {
	return reply{status: 200, owner: "organisation-a", body: string(golden(t, "rate_limits_2023-06-01.json"))}
}

func seedRun(t *testing.T, table store.Table, p Client, now time.Time, keys ...string) (Report, error) {
	t.Helper()
	return New(seeding(table, p, func() time.Time { return now }, keys...)).Run(t.Context())
}

var orgA = records.OwnerName("organisation-a")

func TestSeed(t *testing.T) {
	t.Parallel()
	const opus = "claude-opus-4"
	all := attrs{records.AttrRequestsLimit: 4_000, records.AttrInputLimit: 2_000_000, records.AttrOutputLimit: 400_000, records.AttrSeed: "4000/2000000/400000", records.AttrHeadersAt: nine}
	tests := []struct {
		name   string
		family string
		quota  attrs
		want   attrs // nil: as it was
	}{
		{"routed, never used", sonnet, nil, attrs{records.AttrRequestsLimit: 4_000, records.AttrVersion: 1, records.AttrTTL: nine.Unix() + 7*86_400}},
		{"used, not routed", opus, attrs{records.AttrVersion: 3}, attrs{records.AttrRequestsLimit: 1_000, records.AttrInputLimit: 450_000, records.AttrSeed: "1000/450000/0", records.AttrVersion: 4}},
		{"neither", opus, nil, attrs{}},
		{"known from headers that are older", sonnet, attrs{records.AttrRequestsLimit: 50, records.AttrHeadersAt: after(-time.Second), records.AttrVersion: 3}, all},
		{"known from headers that are newer", sonnet, attrs{records.AttrRequestsLimit: 50, records.AttrHeadersAt: after(time.Second), records.AttrVersion: 3}, nil},
		{"told before, and headers say otherwise since", sonnet, attrs{records.AttrRequestsLimit: 50, records.AttrHeadersAt: after(-time.Minute), records.AttrSeed: "4000/2000000/400000"}, nil},
		{"told otherwise before", sonnet, attrs{records.AttrRequestsLimit: 50, records.AttrHeadersAt: after(-time.Minute), records.AttrSeed: "50/1/1", records.AttrVersion: 3}, all},
		{"as it is", sonnet, attrs{records.AttrRequestsLimit: 4_000, records.AttrInputLimit: 2_000_000, records.AttrOutputLimit: 400_000, records.AttrVersion: 3},
			attrs{records.AttrSeed: "4000/2000000/400000", records.AttrVersion: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			put(t, table, "key#a", used(attrs{records.AttrOwner: orgA}))
			put(t, table, "key#b", used(attrs{records.AttrOwner: "org-b"}))
			if tt.quota != nil {
				put(t, table, "quota#"+orgA+"#"+tt.family, tt.quota)
			}
			p := newProvider(map[string]reply{"admin": rateLimits(t)})
			if _, err := seedRun(t, table, p, nine, "a", "b"); err != nil {
				t.Fatal(err)
			}
			expected := tt.want
			if expected == nil {
				expected = tt.quota
			}
			want(t, table, "quota#"+orgA+"#"+tt.family, expected)
			if got := get(t, table, "quota#"+orgA+"#"+tt.family); len(expected) == 0 && len(got.Attrs) > 0 {
				t.Errorf("a quota that nobody needs: %v", got)
			}
			before := get(t, table, "quota#"+orgA+"#"+tt.family).Int(records.AttrVersion)
			if _, err := seedRun(t, table, p, after(10*time.Minute), "a", "b"); err != nil {
				t.Fatal(err)
			}
			if got := get(t, table, "quota#"+orgA+"#"+tt.family).Int(records.AttrVersion); got != before && tt.want != nil {
				t.Errorf("version %d after %d, though nothing new was told", got, before)
			}
			if n := p.called("admin"); n != 2 {
				t.Errorf("asked %d times in ten minutes, want twice", n)
			}
		})
	}
}

// TestSeedFindsTheGroup: an admin key is for one organisation, a pool may have
// keys of several.
func TestSeedFindsTheGroup(t *testing.T) {
	t.Parallel()
	anonymous := rateLimits(t)
	anonymous.owner = ""
	tests := []struct {
		name  string
		keys  []string
		owner string // of key a
		says  reply
		group string
		err   string
	}{
		{"of the organisation's keys", []string{"a", "b"}, orgA, rateLimits(t), orgA, ""},
		{"as the operator named it", []string{"a=team", "b"}, orgA, rateLimits(t), "team", ""},
		{"the only one there is", []string{"a=team", "b=team"}, "", anonymous, "team", ""},
		{"one of several", []string{"a", "b"}, orgA, anonymous, "", "pool claude: admin_key: the provider does not say for which of the 2 quota groups it is"},
		{"another one's", []string{"a"}, "org-c", rateLimits(t), "", "pool claude: admin_key: it is for " + orgA + ", to which no key of the pool is known to belong"},
		{"refused", []string{"a"}, orgA, refusing(401, "authentication_error", "", "invalid x-api-key"), "", "pool claude: admin_key: upstream auth (status 401): invalid x-api-key"},
		{"not a list", []string{"a"}, orgA, reply{status: 200, body: "{}"}, "", `pool claude: admin_key: the list of rate limits has no array "data"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			a := used(nil)
			if tt.owner != "" {
				a[records.AttrOwner] = tt.owner
			}
			put(t, table, "key#a", a)
			put(t, table, "key#b", used(nil))
			p := newProvider(map[string]reply{"admin": tt.says})
			_, err := seedRun(t, table, p, nine, tt.keys...)
			if got := errorText(err); got != tt.err {
				t.Errorf("got error %q, want %q", got, tt.err)
			}
			if tt.group != "" {
				want(t, table, "quota#"+tt.group+"#"+sonnet, attrs{records.AttrRequestsLimit: 4_000})
			}
			// Whatever came of it, it is not asked for again in the next minute.
			n := p.called("admin")
			if _, err := seedRun(t, table, p, after(time.Minute), tt.keys...); err != nil || p.called("admin") != n {
				t.Errorf("asked again a minute later: %v", err)
			}
		})
	}
}

// pages answers with one page after the other.
type pages struct {
	queries []string
	endless bool
}

func (p *pages) Do(r *http.Request) (*http.Response, error) {
	if r.Header.Get("anthropic-version") != "2023-06-01" || r.Header.Get("x-api-key") != "admin" {
		return newProvider(nil).Do(r)
	}
	p.queries = append(p.queries, r.URL.RawQuery)
	body := `{"data":[{"group_type":"model_group","models":["claude-sonnet-5"],"limits":[{"type":"requests_per_minute","value":9}]}],"next_page":"two"}`
	if r.URL.Query().Get("page") == "two" && !p.endless {
		body = `{"data":[{"group_type":"model_group","models":["claude-sonnet-5"],"limits":[{"type":"requests_per_minute","value":5},{"type":"input_tokens_per_minute","value":7}]}],"next_page":null}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Anthropic-Organization-Id": {"organisation-a"}}, Body: bodyOf(body)}, nil
}

func TestSeedReadsAllPages(t *testing.T) {
	t.Parallel()
	for _, endless := range []bool{false, true} {
		table := newTable()
		put(t, table, "key#a", used(attrs{records.AttrOwner: orgA}))
		p := &pages{endless: endless}
		if _, err := seedRun(t, table, p, nine, "a"); err != nil {
			t.Fatal(err)
		}
		if endless {
			want(t, table, "quota#"+orgA+"#"+sonnet, attrs{records.AttrSeed: "9/0/0"})
		} else { // the lower of two that are told
			want(t, table, "quota#"+orgA+"#"+sonnet, attrs{records.AttrSeed: "5/7/0"})
		}
		if got := strings.Join(p.queries, " "); !strings.HasPrefix(got, "group_type=model_group group_type=model_group&page=two") || len(p.queries) > mostPages {
			t.Errorf("asked %s", got)
		}
	}
}

// TestSeedIsFinished: what a table that fails in between has left undone is
// done a minute later.
func TestSeedIsFinished(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "key#a", used(attrs{records.AttrOwner: orgA}))
	p := newProvider(map[string]reply{"admin": rateLimits(t)})
	if _, err := seedRun(t, broken{table, "quota#" + orgA + "#" + sonnet}, p, nine, "a"); err == nil {
		t.Error("the failure is not told")
	}
	if report, err := seedRun(t, table, p, after(time.Minute), "a"); err != nil || report.Seeded != 1 {
		t.Errorf("got %+v, %v; want the limits written", report, err)
	}
}

func TestSeedNeedsItsSecret(t *testing.T) {
	t.Parallel()
	table := storetest.NewFaulty(newTable())
	cfg := seeding(table, newProvider(map[string]reply{"a": models}), func() time.Time { return nine }, "a")
	cfg.Upstreams["claude"].Admin.ID = "NOT_SET"
	if _, err := New(cfg).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "admin_key: secret env:NOT_SET") {
		t.Errorf("got %v, want the reference named", err)
	}
}
