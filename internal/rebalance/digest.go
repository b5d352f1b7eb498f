package rebalance

import (
	"fmt"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// Digest is how a pool stands, in words and in numbers. One is written a
// minute, for those who look at all pools at once and must not query each: the
// console, and CloudWatch by way of the log line that goes with it.
type Digest struct {
	Pool string    `json:"pool"`
	At   time.Time `json:"at"`
	// Summary says it in one sentence, Notes what an operator should know.
	Summary string        `json:"summary"`
	Notes   []string      `json:"notes,omitempty"`
	Groups  []GroupDigest `json:"groups"`
	// LeftOut counts what the bound on the size left no room for.
	LeftOut LeftOut `json:"left_out,omitzero"`
}

// LeftOut counts what a digest does not list.
type LeftOut struct {
	Groups int `json:"groups,omitempty"`
	Keys   int `json:"keys,omitempty"`
	Quotas int `json:"quotas,omitempty"`
}

// GroupDigest is a quota group.
type GroupDigest struct {
	Name string `json:"name"`
	// Text says it in one sentence.
	Text   string        `json:"text"`
	Keys   []KeyDigest   `json:"keys"`
	Quotas []QuotaDigest `json:"quotas,omitempty"`
	Rests  []RestDigest  `json:"rests,omitempty"`
}

// KeyDigest is a key within its group.
type KeyDigest struct {
	Name string `json:"name"`
	// Weight is the part of the base weight in force, 0 to 1.
	Weight    float64 `json:"weight"`
	WeightWhy string  `json:"weight_why,omitempty"`
	OK        int64   `json:"ok"`
	Refused   int64   `json:"refused"`
	// LatencyMS, Cost (micro-dollars per thousand tokens) and FaultPercent are
	// what the weight was last decided by; 0 when nobody measures them.
	LatencyMS    int64        `json:"latency_ms,omitempty"`
	Cost         int64        `json:"cost_microusd_per_1000_tokens,omitempty"`
	FaultPercent float64      `json:"fault_percent,omitempty"`
	Probe        string       `json:"probe,omitempty"`
	ProbeAt      *time.Time   `json:"probe_at,omitempty"`
	Rests        []RestDigest `json:"rests,omitempty"`
}

// QuotaDigest is a group's quota for one model family.
type QuotaDigest struct {
	Family string `json:"family"`
	// Headroom is the free percentage of the tightest limit; nil when no limit
	// is known.
	Headroom *int64 `json:"headroom_percent,omitempty"`
	// The limits are per minute; 0 means not known.
	Requests     int64 `json:"requests_per_minute,omitempty"`
	InputTokens  int64 `json:"input_tokens_per_minute,omitempty"`
	OutputTokens int64 `json:"output_tokens_per_minute,omitempty"`
	// BurstMS is how many ms of refill the bucket is taken to hold; 54000 is
	// the whole of it.
	BurstMS int64 `json:"burst_ms"`
}

// RestDigest is a cooldown or a quarantine.
type RestDigest struct {
	Covers     string    `json:"covers"`
	Class      string    `json:"class"`
	Why        string    `json:"why"`
	Until      time.Time `json:"until"`
	Quarantine bool      `json:"quarantine,omitempty"`
}

// digest puts a view into a digest. It is pure; what follows are its parts.
func digest(v view) Digest {
	d := Digest{Pool: v.pool, At: v.now.UTC().Truncate(time.Millisecond), Notes: shared(v), Groups: []GroupDigest{}}
	byKey, byGroup := map[string][]RestDigest{}, map[string][]RestDigest{}
	for _, r := range v.rests() {
		by := byGroup
		if r.On.Kind == records.OfKey {
			by = byKey
		}
		by[r.On.Name] = append(by[r.On.Name], r.digest())
	}
	resting := 0
	for _, name := range v.groupNames() {
		g := GroupDigest{Name: name, Rests: byGroup[name], Quotas: v.quotas(name)}
		for _, m := range v.groups[name] {
			g.Keys = append(g.Keys, m.digest(byKey[m.name]))
		}
		if g.Text = g.describe(); !g.serves() {
			resting++
		}
		d.Groups = append(d.Groups, g)
	}
	d.Summary = fmt.Sprintf("%s in %s; %d of them can serve",
		plural(len(v.keys), "key"), plural(len(d.Groups), "quota group"), len(d.Groups)-resting)
	return d
}

// serves reports whether any key of the group can serve every model.
func (g GroupDigest) serves() bool {
	for _, r := range g.Rests {
		if r.Covers == records.Everything {
			return false
		}
	}
	for _, k := range g.Keys {
		if len(k.Rests) == 0 {
			return true
		}
	}
	return false
}

func (g GroupDigest) describe() string {
	parts := []string{plural(len(g.Keys), "key")}
	for _, r := range g.Rests {
		parts = append(parts, r.describe())
	}
	for _, q := range g.Quotas {
		if q.Headroom != nil {
			parts = append(parts, fmt.Sprintf("%s has %d %% free", q.Family, *q.Headroom))
		}
	}
	return clip(strings.Join(parts, "; "))
}

func (r RestDigest) describe() string {
	what := r.Covers
	if what == records.Everything {
		what = "everything"
	}
	until := r.Until.Format("2 Jan 15:04:05 UTC")
	if r.Quarantine {
		return fmt.Sprintf("%s rests until a probe succeeds, %s at the earliest (%s)", what, until, r.Why)
	}
	return fmt.Sprintf("%s rests until %s (%s)", what, until, r.Why)
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (r rest) digest() RestDigest {
	return RestDigest{
		Covers: clip(r.On.Covers), Class: clip(string(r.Class)), Why: clip(r.Why),
		Until: time.UnixMilli(r.Until).UTC(), Quarantine: r.Quarantine,
	}
}

func (m member) digest(rests []RestDigest) KeyDigest {
	r := m.record
	k := KeyDigest{
		Name: m.name, Weight: 1, WeightWhy: clip(r.Str(records.AttrWeightWhy)), OK: r.Int(records.AttrOK), Refused: r.Int(records.AttrRefused),
		LatencyMS: r.Int(records.AttrSawLatency), Cost: r.Int(records.AttrSawCost), FaultPercent: float64(r.Int(records.AttrSawFaults)) / 10,
		Probe: clip(r.Str(records.AttrTriedWhy)), Rests: rests,
	}
	if weight := r.Int(records.AttrWeight); weight > 0 && weight <= full {
		k.Weight = float64(weight) / full
	}
	if at := r.Int(records.AttrTriedAt); at > 0 {
		t := time.UnixMilli(at).UTC()
		k.ProbeAt = &t
	}
	return k
}

// quotas lists a group's quotas.
func (v view) quotas(group string) []QuotaDigest {
	var out []QuotaDigest
	for _, item := range v.sorted(records.QuotasOf(group)) {
		q := QuotaDigest{
			Family:   clip(strings.TrimPrefix(item.Key.Sort, records.QuotasOf(group))),
			Requests: item.Int(records.AttrRequestsLimit), InputTokens: item.Int(records.AttrInputLimit), OutputTokens: item.Int(records.AttrOutputLimit),
			BurstMS: burstOf(item),
		}
		q.Headroom = headroom(item, v.ms())
		out = append(out, q)
	}
	return out
}

func burstOf(quota store.Item) int64 {
	if burst := quota.Int(records.AttrBurst); burst > 0 {
		return burst
	}
	return records.FullBurst
}

// headroom is the free percentage of a quota's tightest limit: an arrival time
// a whole burst away is an empty bucket.
func headroom(quota store.Item, now int64) *int64 {
	var free *int64
	for i, at := range [...]string{records.AttrRequestsAt, records.AttrInputAt, records.AttrOutputAt} {
		if quota.Int(limitAttrs[i]) <= 0 {
			continue
		}
		ahead := max(0, quota.Int(at)-now)
		left := max(0, 100-min(ahead, burstOf(quota))*100/burstOf(quota))
		if free == nil || left < *free {
			free = &left
		}
	}
	return free
}

// longText bounds each text of a digest, in bytes.
const longText = 240

// clip shortens a text without breaking a character.
func clip(s string) string {
	if len(s) <= longText {
		return s
	}
	return strings.ToValidUTF8(s[:longText], "") + "…"
}

// figures are the digest's numbers, for metrics made of the log.
func (d Digest) figures() []any {
	keys, restingKeys, restingGroups, tightest := 0, 0, 0, int64(100)
	for _, g := range d.Groups {
		if !g.serves() {
			restingGroups++
		}
		for _, k := range g.Keys {
			if keys++; len(k.Rests) > 0 {
				restingKeys++
			}
		}
		for _, q := range g.Quotas {
			if q.Headroom != nil {
				tightest = min(tightest, *q.Headroom)
			}
		}
	}
	return []any{"pool", d.Pool, "keys", keys, "groups", len(d.Groups), "resting_keys", restingKeys,
		"resting_groups", restingGroups, "tightest_headroom_percent", tightest, "summary", d.Summary}
}
