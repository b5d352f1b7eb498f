package pool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
)

// State is how a pool stands, for people and tools.
type State struct {
	Pool string `json:"pool"`
	// Summary says it in one sentence.
	Summary string  `json:"summary"`
	Groups  []Group `json:"groups"`
}

// Group is a quota group and the keys that share it.
type Group struct {
	Name string `json:"name"`
	// Known says that the group was configured or learned; false means that
	// its only key has not been answered yet.
	Known bool `json:"known"`
	// CacheReadPercent is the share of its input that was read from the
	// provider's prompt cache, since its keys are known.
	CacheReadPercent *float64 `json:"cache_read_percent,omitempty"`
	// Text says in one sentence how it stands.
	Text   string       `json:"text"`
	Keys   []Member     `json:"keys"`
	Quotas []QuotaState `json:"quotas,omitempty"`
	Rests  []Rest       `json:"rests,omitempty"`
}

// Member is a key within its group.
type Member struct {
	Name string `json:"name"`
	// Weight is the effective weight, BaseWeight the configured one.
	Weight     float64 `json:"weight"`
	BaseWeight float64 `json:"base_weight"`
	WeightWhy  string  `json:"weight_why,omitempty"`
	// HeadroomPercent is the free share of the tightest limit when last seen.
	HeadroomPercent *float64   `json:"headroom_percent,omitempty"`
	HeadroomAt      *time.Time `json:"headroom_at,omitempty"`
	OK              int64      `json:"ok"`
	Refused         int64      `json:"refused"`
	LastError       string     `json:"last_error,omitempty"`
	LastErrorAt     *time.Time `json:"last_error_at,omitempty"`
	Rests           []Rest     `json:"rests,omitempty"`
}

// Rest is a cooldown or quarantine that has not been ended yet.
type Rest struct {
	// Covers is what rests: a model family, a model, or "*".
	Covers     string    `json:"covers"`
	Class      string    `json:"class"`
	Why        string    `json:"why"`
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	Quarantine bool      `json:"quarantine"`
	ProbeBy    string    `json:"probe_by,omitempty"`
	// Text says it in words.
	Text string `json:"text"`
}

// State reads how the pool stands now.
func (p *Pool) State(ctx context.Context) State {
	p.look(ctx, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	s := State{Pool: p.cfg.Name}
	index := map[string]int{} // of a group in s.Groups, which keep the order of the keys
	for i, k := range p.cfg.Keys {
		name := p.places[i].group
		at, ok := index[name]
		if !ok {
			at = len(s.Groups)
			index[name] = at
			s.Groups = append(s.Groups, Group{
				Name: name, Known: name != k.Name || k.Quota != "",
				Quotas: p.quotasOf(name, now), Rests: p.restsOf(records.OfGroup, name, now),
			})
		}
		s.Groups[at].Keys = append(s.Groups[at].Keys, p.member(i, now))
	}
	for i := range s.Groups {
		s.Groups[i].CacheReadPercent = p.cacheRead(s.Groups[i].Keys)
		s.Groups[i].Text = s.Groups[i].words()
	}
	s.Summary = summary(s.Groups)
	return s
}

func summary(groups []Group) string {
	room, keys := 0, 0
	for _, g := range groups {
		keys += len(g.Keys)
		if g.hasRoom() {
			room++
		}
	}
	have := "groups have"
	if len(groups) == 1 {
		have = "group has"
	}
	return fmt.Sprintf("%s in %s; %d of %d %s room", count(keys, "key"), count(len(groups), "quota group"), room, len(groups), have)
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func (p *Pool) member(i int, now time.Time) Member {
	k := p.cfg.Keys[i]
	r := p.counted(k.Name)
	m := Member{
		Name: k.Name, BaseWeight: k.Weight, Weight: p.places[i].weight, WeightWhy: r.Str(records.AttrWeightWhy),
		OK: r.Int(records.AttrOK), Refused: r.Int(records.AttrRefused),
		LastError: r.Str(records.AttrError), LastErrorAt: instant(r.Int(records.AttrErrorAt)),
		HeadroomAt: instant(r.Int(records.AttrHeadAt)),
		Rests:      p.restsOf(records.OfKey, k.Name, now),
	}
	if r.Has(records.AttrHeadroom) {
		percent := float64(r.Int(records.AttrHeadroom)) / 10
		m.HeadroomPercent = &percent
	}
	return m
}

// cacheRead is the share of the input of some keys that was read from a cache;
// nil when there was none. The lock is held.
func (p *Pool) cacheRead(keys []Member) *float64 {
	var read, all int64
	for _, k := range keys {
		r := p.counted(k.Name)
		read += r.Int(records.AttrCacheRead)
		all += r.Int(records.AttrCacheRead) + r.Int(records.AttrInput)
	}
	if all == 0 {
		return nil
	}
	percent := float64(read*1000/all) / 10
	return &percent
}

// restsOf lists the rests of one group or key that still stand.
func (p *Pool) restsOf(kind, name string, now time.Time) []Rest {
	var out []Rest
	for on, r := range p.rests {
		if on.Kind == kind && on.Name == name && r.Stands(now) {
			out = append(out, r.show(now))
		}
	}
	slices.SortFunc(out, func(a, b Rest) int { return strings.Compare(a.Covers, b.Covers) })
	return out
}

func (r rest) show(now time.Time) Rest {
	return Rest{
		Covers: r.On.Covers, Class: string(r.Class), Why: r.Why, Quarantine: r.Quarantine, ProbeBy: r.ProbeBy,
		Since: time.UnixMilli(r.Set).UTC(), Until: time.UnixMilli(r.Until).UTC(), Text: r.describe(now),
	}
}

func instant(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}
