package pool

import "time"

// scout is what this instance knows of the flow to a group.
type scout struct {
	began, last time.Time
	booking     bool // not sent yet
}

const (
	// A burst onto a group that has been quiet for scoutAfter sends one
	// request ahead and holds the others for scoutHold: a key that is refused
	// at once costs one call and not the whole burst. It is short enough to
	// vanish beside a generation and is paid at most once a burst. The others
	// wait for their scout and do not turn to another group, because that
	// would cost them their prompt cache.
	scoutAfter = 10 * time.Second
	scoutHold  = 10 * time.Millisecond
)

// held returns until when a group waits for its scout; zero when it does not.
// A scout that is still being booked is not waited for longer than bookTime.
// The lock is held.
func (p *Pool) held(group string, now time.Time) time.Time {
	s, ok := p.scouts[group]
	end := s.began.Add(scoutHold)
	if s.booking && now.Sub(s.began) < bookTime {
		end = now.Add(scoutHold)
	}
	if ok && end.After(now) && !s.began.After(now) {
		return end
	}
	return time.Time{}
}

// bookTime is what booking a scout may take.
const bookTime = 200 * time.Millisecond

// scouting notes a request to the group; after a silence it is a scout. The
// lock is held.
func (p *Pool) scouting(group string, now time.Time) (scouts bool) {
	s := p.scouts[group]
	if now.Sub(s.last) > scoutAfter || now.Before(s.last) {
		s.began, s.booking, scouts = now, true, true
	}
	s.last = now
	p.scouts[group] = s
	return scouts
}

// scouted notes that a scout is on its way, and from now on waited for, or that
// it found no place and another may go.
func (p *Pool) scouted(c choice, onItsWay bool) {
	if !c.scouts {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !onItsWay {
		delete(p.scouts, c.group)
		return
	}
	s := p.scouts[c.group]
	s.began, s.booking = p.cfg.Now(), false
	p.scouts[c.group] = s
}
