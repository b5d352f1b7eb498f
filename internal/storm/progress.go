package storm

import (
	"fmt"
	"strings"
	"time"
)

// Progress is how far a run is.
type Progress struct {
	// Now is the scenario's time, which goes on after Length until the last
	// answer has ended.
	Now, Length time.Duration
	Contestants []Standing
}

// Standing is how a contestant is doing.
type Standing struct {
	Name string
	// Sent is how many requests have left of Total, Done how many have ended.
	Sent, Done, Total int
	// Refused are the 429s that clients saw, Abandoned the requests that they
	// gave up.
	Refused, Abandoned int
}

// String fits on a line of a terminal for up to three contestants.
func (p Progress) String() string {
	parts := []string{clock(p.Now) + "/" + clock(p.Length)}
	for _, s := range p.Contestants {
		text := fmt.Sprintf("%s %d/%d", s.Name, s.Done, s.Total)
		if s.Refused > 0 {
			text += fmt.Sprintf(" 429:%d", s.Refused)
		}
		if s.Abandoned > 0 {
			text += fmt.Sprintf(" left:%d", s.Abandoned)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " | ")
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}
