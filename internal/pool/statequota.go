package pool

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
)

// QuotaState is how a quota stands: what its group may still use for one model
// family.
type QuotaState struct {
	Family string `json:"family"`
	// Limits are those known, told by the provider or configured.
	Limits []LimitState `json:"limits,omitempty"`
	// BurstSeconds is how much of a minute may be used at once, less than the
	// usual 54 after refusals that no header explained.
	BurstSeconds float64 `json:"burst_seconds"`
	// Text says it in words.
	Text string `json:"text"`
}

// LimitState is one dimension of a quota.
type LimitState struct {
	// Name is requests, input tokens or output tokens.
	Name      string `json:"name"`
	PerMinute int64  `json:"per_minute"`
	// Free could be used at once; FreePercent is its share of the burst.
	Free        int64   `json:"free"`
	FreePercent float64 `json:"free_percent"`
	// BookedUntil is when the last of those who wait starts; absent when
	// nobody waits.
	BookedUntil *time.Time `json:"booked_until,omitempty"`
}

var dimensionNames = [dimensions]string{"requests", "input tokens", "output tokens"}

// quotasOf lists a group's quotas by family. The lock is held.
func (p *Pool) quotasOf(group string, now time.Time) []QuotaState {
	var out []QuotaState
	for on := range p.quotas {
		if on.Name == group {
			out = append(out, p.quota(on).show(on.Covers, now))
		}
	}
	slices.SortFunc(out, func(a, b QuotaState) int { return strings.Compare(a.Family, b.Family) })
	return out
}

func (q quota) show(family string, now time.Time) QuotaState {
	s := QuotaState{Family: family, BurstSeconds: float64(q.burst) / 1000}
	var words []string
	for d := range dimensions {
		if q.limit[d] <= 0 || q.cold {
			continue
		}
		l := q.dimension(d, now.UnixMilli())
		s.Limits = append(s.Limits, l)
		words = append(words, l.words(q))
	}
	s.Text = strings.Join(words, ", ")
	if len(words) == 0 {
		s.Text = "no limit is known"
	}
	if q.burst < records.FullBurst && !q.cold {
		s.Text += fmt.Sprintf("; a burst of %.0f s is assumed after refusals without explanation", s.BurstSeconds)
	}
	return s
}

func (q quota) dimension(d dimension, now int64) LimitState {
	l := LimitState{
		Name: dimensionNames[d], PerMinute: q.limit[d], Free: max(0, q.level(now, d)),
		FreePercent: float64(int64(1000*q.free(d, now))) / 10,
	}
	if start := q.at[d] - q.burst; start > now {
		l.BookedUntil = instant(start)
	}
	return l
}

func (l LimitState) words(q quota) string {
	if l.BookedUntil != nil {
		return fmt.Sprintf("%s are booked until %s", l.Name, l.BookedUntil.Format("15:04:05 MST"))
	}
	return fmt.Sprintf("%s of %s %s free", grouped(l.Free), grouped(l.PerMinute*q.burst/minute), l.Name)
}

// grouped writes a number as people read it: 1,200,000.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// hasRoom reports whether a request could start now with some quota, or with
// one that nobody has used yet.
func (g Group) hasRoom() bool {
	free := func(q QuotaState) bool {
		return !slices.ContainsFunc(q.Limits, func(l LimitState) bool { return l.Free == 0 })
	}
	awake := func(k Member) bool { return len(k.Rests) == 0 }
	return len(g.Rests) == 0 && slices.ContainsFunc(g.Keys, awake) &&
		(len(g.Quotas) == 0 || slices.ContainsFunc(g.Quotas, free))
}

// words says in one sentence how a group stands.
func (g Group) words() string {
	var parts []string
	for _, r := range g.Rests {
		parts = append(parts, r.Covers+" "+r.Text)
	}
	for _, k := range g.Keys {
		for _, r := range k.Rests {
			parts = append(parts, k.Name+" "+r.Text)
		}
	}
	for _, q := range g.Quotas {
		parts = append(parts, q.Family+": "+q.Text)
	}
	if len(parts) == 0 {
		parts = append(parts, "not used yet")
	}
	return strings.Join(parts, "; ")
}
