package pool

import "time"

// scout is what this instance knows of the flow to a group.
type scout struct{ began, last time.Time }

const (
	// A burst onto a group that has been quiet for scoutAfter sends one
	// request ahead and holds the others for scoutHold: a key that is refused
	// at once costs one call and not the whole burst. It is short enough to
	// vanish beside a generation and is paid at most once a burst. The others
	// wait for their scout and do not turn to another group, because that
	// would cost them their prompt cache.
	scoutAfter = 10 * time.Second
	scoutHold  = 20 * time.Millisecond
)

// held returns until when a group waits for its scout; zero when it does not.
// The lock is held.
func (p *Pool) held(group string, now time.Time) time.Time {
	s, ok := p.scouts[group]
	if end := s.began.Add(scoutHold); ok && end.After(now) && !s.began.After(now) {
		return end
	}
	return time.Time{}
}

// scouting notes a request to the group; after a silence it is a scout. The
// lock is held.
func (p *Pool) scouting(group string, now time.Time) {
	s := p.scouts[group]
	if now.Sub(s.last) > scoutAfter || now.Before(s.last) {
		s.began = now
	}
	s.last = now
	p.scouts[group] = s
}
