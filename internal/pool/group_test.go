package pool_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// rawOwner is a provider's id of an organisation.
const rawOwner = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"

// introduce lets every key answer once for an organisation.
func introduce(t *testing.T, p *pool.Pool, org string, names ...string) {
	t.Helper()
	for _, name := range names {
		var others []string
		for _, g := range p.State(t.Context()).Groups {
			for _, k := range g.Keys {
				if k.Name != name {
					others = append(others, k.Name)
				}
			}
		}
		b := bookKey(t, p, name, ask(sonnet), others...)
		b.Learn(t.Context(), ownedBy(org))
		b.Settle(t.Context(), upstream.Usage{})
	}
}

// groupsOf maps each group to its keys.
func groupsOf(t *testing.T, p *pool.Pool) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for _, g := range p.State(t.Context()).Groups {
		for _, k := range g.Keys {
			got[g.Name] = append(got[g.Name], k.Name)
		}
	}
	return got
}

func TestKeysOfOneOrganisationAreOneGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, there := newPool(table, keys(5)), newPool(table, keys(5))
		if got := groupsOf(t, here); len(got) != 5 {
			t.Errorf("got groups %v before any answer, want each key on its own", got)
		}
		introduce(t, here, rawOwner, "key-1", "key-2", "key-3", "key-4")
		for where, p := range map[string]*pool.Pool{"here": here, "there": there} {
			groups := groupsOf(t, p)
			org := book(t, p, tried(ask(sonnet), "key-5")).Group
			if got := groups[org]; !slices.Equal(got, []string{"key-1", "key-2", "key-3", "key-4"}) || len(groups) != 2 {
				t.Errorf("%s: got groups %v, want four keys in one and key-5 alone", where, groups)
			}
		}
		refuse(t, bookKey(t, there, "key-2", ask(sonnet), "key-1", "key-3", "key-4", "key-5"), limited(time.Minute))
		for range 20 {
			bookKey(t, here, "key-5", ask(sonnet))
		}
	})
}

// TestFirstAnswerIsARefusal: the refusal that names the organisation already
// rests the group of that organisation.
func TestFirstAnswerIsARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		p := newPool(table, keys(2))
		introduce(t, p, rawOwner, "key-1")
		b := bookKey(t, p, "key-2", ask(sonnet), "key-1")
		fault := limited(time.Minute)
		b.Learn(t.Context(), pool.Outcome{Fault: &fault, Signals: upstream.Signals{Owner: rawOwner}})
		if b.Group == "key-2" || !strings.HasPrefix(b.Group, "org-") {
			t.Errorf("the booking says group %q, want that of the organisation", b.Group)
		}
		exhausted(t, p, ask(sonnet))
		b.Settle(t.Context(), upstream.Usage{})
		exhausted(t, newPool(table, keys(2)), ask(sonnet))
	})
}

func TestConfiguredQuotaWins(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	ks := keys(3)
	ks[0].Quota, ks[1].Quota = "eu", "us"
	p := newPool(table, ks)
	introduce(t, p, rawOwner, "key-1", "key-2", "key-3")
	for _, p := range []*pool.Pool{p, newPool(table, ks)} {
		got := groupsOf(t, p)
		if len(got) != 3 || !slices.Equal(got["eu"], []string{"key-1"}) || !slices.Equal(got["us"], []string{"key-2"}) {
			t.Errorf("got groups %v, want eu, us and the learned one", got)
		}
	}
}

func TestKeyChangesItsOwner(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	here, there := newPool(table, keys(2)), newPool(table, keys(2))
	introduce(t, here, rawOwner, "key-1", "key-2")
	introduce(t, here, "another", "key-2")
	for where, p := range map[string]*pool.Pool{"here": here, "there": there} {
		if got := groupsOf(t, p); len(got) != 2 {
			t.Errorf("%s: got groups %v, want the keys apart again", where, got)
		}
	}
}

// TestRawOwnerIsNowhere: it is written neither to the table nor shown.
func TestRawOwnerIsNowhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		p := newPool(table, keys(2))
		introduce(t, p, rawOwner, "key-1", "key-2")
		for _, class := range []upstream.Class{upstream.RateLimit, upstream.Hold} {
			b := book(t, p, ask(sonnet))
			b.Learn(t.Context(), pool.Outcome{
				Fault:   &upstream.Fault{Class: class, Code: "some_code", Message: "organization " + rawOwner + " is out of room"},
				Signals: upstream.Signals{Owner: rawOwner},
			})
			b.Settle(t.Context(), upstream.Usage{})
			if class == upstream.RateLimit {
				time.Sleep(time.Minute)
			}
		}
		all := items(t, table)
		if len(all) < 4 {
			t.Fatalf("only %d records, want two keys and two rests", len(all))
		}
		for _, item := range all {
			for attr, v := range item.Attrs {
				if strings.Contains(item.Key.Sort+v.Str(), rawOwner) {
					t.Errorf("%s: attribute %s holds the id: %q", item.Key.Sort, attr, v.Str())
				}
			}
		}
		shown, err := json.Marshal(p.State(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		_, refused := p.Book(t.Context(), ask(sonnet))
		for what, text := range map[string]string{"State": string(shown), "ExhaustedError": fmt.Sprintf("%+v", refused)} {
			if strings.Contains(text, rawOwner) {
				t.Errorf("%s holds the id: %s", what, text)
			}
		}
	})
}

func TestClearOfAnUnknownGroup(t *testing.T) {
	t.Parallel()
	p := newPool(embedded.NewMemory(), inGroup("eu", keys(2)...))
	n, err := p.Clear(t.Context(), "key-1")
	var unknown *pool.UnknownGroupError
	if n != 0 || !errors.As(err, &unknown) || !slices.Equal(unknown.Known, []string{"eu"}) {
		t.Fatalf("got %d, %v; want an UnknownGroupError that names eu", n, err)
	}
	if want := `pool claude has no quota group "key-1"; it has eu`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestClearLeavesOtherGroupsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(embedded.NewMemory(), keys(2))
		refuse(t, bookKey(t, p, "key-1", ask(sonnet), "key-2"), limited(time.Minute))
		refuse(t, bookKey(t, p, "key-1", ask(haiku), "key-2"), of(upstream.Permission))
		refuse(t, bookKey(t, p, "key-2", ask(sonnet), "key-1"), limited(time.Minute))
		if n, err := p.Clear(t.Context(), "key-1"); n != 2 || err != nil {
			t.Errorf("got %d, %v; want both rests of key-1 ended", n, err)
		}
		bookKey(t, p, "key-1", ask(haiku), "key-2")
		bookKey(t, p, "key-1", ask(sonnet))
	})
}

// TestClearKnowsKeysThatHaveLeft: a key's rest in the table outlives its place
// in the configuration and is nobody's business then.
func TestClearKnowsKeysThatHaveLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		refuse(t, bookKey(t, newPool(table, keys(2)), "key-2", ask(sonnet), "key-1"), of(upstream.Auth))
		p := newPool(table, keys(1))
		if n, err := p.Clear(t.Context(), "key-1"); n != 0 || err != nil {
			t.Errorf("got %d, %v; want nothing to end", n, err)
		}
		if s := p.State(t.Context()); len(s.Groups) != 1 || len(s.Groups[0].Rests) != 0 {
			t.Errorf("got %+v, want key-1 alone and free", s)
		}
	})
}

// TestRestReachesWhoKnewNoOwner: an instance that read the pool before anybody
// knew whose the keys are books on the key's own quota. The group that the key
// turned out to belong to may rest since.
func TestRestReachesWhoKnewNoOwner(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	early, later := newPool(table, keys(2)), newPool(table, keys(2))
	introduce(t, early, "org of key-2", "key-2")
	introduce(t, later, "org of key-1", "key-1")
	f := limited(time.Minute)
	refused := bookKey(t, later, "key-1", ask(sonnet), "key-2")
	refused.Learn(t.Context(), pool.Outcome{Fault: &f, Signals: upstream.Signals{Owner: "org of key-1"}})
	refused.Settle(t.Context(), upstream.Usage{})
	exhausted(t, early, tried(ask(sonnet), "key-2"))
}

// TestOtherFamiliesHearOfIt: a rest of a whole key or group, and a key's new
// group, concern every family, and an instance whose view is fresh must not find
// out by a refusal of its own.
func TestOtherFamiliesHearOfIt(t *testing.T) {
	t.Parallel()
	told := func(class upstream.Class, owner string) pool.Outcome {
		return pool.Outcome{Fault: &upstream.Fault{Class: class, Status: 401}, Signals: upstream.Signals{Owner: owner}}
	}
	tests := []struct {
		name   string
		known  bool // whose the keys are, before
		answer pool.Outcome
		key    string // that both book
	}{
		{"a dead key", false, told(upstream.Auth, ""), "key-1"},
		{"a dead key of an organisation", true, told(upstream.Auth, rawOwner), "key-1"},
		{"an organisation without credit", true, told(upstream.Billing, rawOwner), "key-1"},
		{"a refusal that tells whose key it is, and rests all of them", false, told(upstream.Billing, rawOwner), "key-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				here, there := newPool(table, keys(2)), newPool(table, keys(2))
				if tt.known {
					introduce(t, here, rawOwner, "key-1")
				}
				bookKey(t, here, tt.key, ask(haiku), "key-2").Settle(t.Context(), upstream.Usage{})
				bookKey(t, there, tt.key, ask(haiku), "key-2").Settle(t.Context(), upstream.Usage{})
				b := bookKey(t, here, tt.key, ask(sonnet), "key-2")
				b.Learn(t.Context(), tt.answer)
				b.Settle(t.Context(), upstream.Usage{})
				time.Sleep(time.Second) // there has read the pool a second ago
				exhausted(t, there, tried(ask(haiku), "key-2"))
			})
		})
	}
}
