package storm

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

// observer keeps what is seen from outside while a stage plays. Only its own
// goroutine writes to it, and it is read when that has ended.
type observer struct {
	usage []usage
	bands []*Band
}

// usage is what the keys have used until a moment.
type usage struct {
	at     time.Duration
	tokens []simprovider.Counts // by key
}

// Band is a time in which a key was left alone.
type Band struct {
	Key  string  `json:"key"`
	From float64 `json:"from"` // seconds of the scenario
	To   float64 `json:"to"`
	// Why is the class of the rest, such as rate_limit.
	Why string `json:"why"`
	// Quarantine says that only probes were let through.
	Quarantine bool `json:"quarantine,omitempty"`

	since time.Time
	open  bool
}

// observe looks once a bin, and at the rests more often.
func (s *stage) observe(ctx context.Context) {
	step := step(s.scenario)
	const looks = 4
	for n := 0; s.pace.until(ctx, time.Duration(n)*step/looks); n++ {
		if n%looks == 0 {
			s.look()
		}
		if s.entry.State != nil {
			s.observer.rests(s.pace, s.entry.State(ctx))
		}
	}
	s.look()
}

func (s *stage) look() {
	if s.provider == nil {
		return
	}
	stats := s.provider.Stats()
	u := usage{at: s.pace.now()}
	for _, key := range s.provider.keys {
		u.tokens = append(u.tokens, stats.Keys[key])
	}
	s.observer.usage = append(s.observer.usage, u)
}

// rests follows the bands of all keys. A group's rest holds for each of its keys.
func (o *observer) rests(p *pace, state pool.State) {
	now := p.now().Seconds()
	for _, b := range o.bands {
		if b.open {
			b.To, b.open = min(b.To, now), false
		}
	}
	for _, g := range state.Groups {
		for _, k := range g.Keys {
			for _, r := range g.Rests {
				o.rest(p, k.Name, r)
			}
			for _, r := range k.Rests {
				o.rest(p, k.Name, r)
			}
		}
	}
}

func (o *observer) rest(p *pace, key string, r pool.Rest) {
	from, to := p.own(r.Since.Sub(p.start())).Seconds(), p.own(r.Until.Sub(p.start())).Seconds()
	for _, b := range o.bands {
		if b.Key == key && b.since.Equal(r.Since) {
			b.To, b.open = to, true
			return
		}
	}
	o.bands = append(o.bands, &Band{
		Key: key, From: max(0, from), To: to, Why: r.Class, Quarantine: r.Quarantine, since: r.Since, open: true,
	})
}
