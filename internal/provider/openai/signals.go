package openai

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Signals reads the headers that describe limits and who holds the quota: the
// organisation, and within it the project where one is named, since a project
// may have a lower limit of its own.
func (d *Dialect) Signals(h http.Header, now time.Time) upstream.Signals {
	s := upstream.Signals{Owner: owner(h)}
	for _, names := range d.cfg.limits() {
		if names.Per > time.Minute {
			continue
		}
		if l, ok := readLimit(h, names, now); ok {
			s.Limits = addTighter(s.Limits, l)
		}
	}
	return s
}

// addTighter keeps one limit for each dimension: the one with less left.
func addTighter(limits []upstream.Limit, l upstream.Limit) []upstream.Limit {
	for i, known := range limits {
		if known.Dimension != l.Dimension {
			continue
		}
		if l.Remaining < known.Remaining {
			limits[i] = l
		}
		return limits
	}
	return append(limits, l)
}

func owner(h http.Header) string {
	organization, project := h.Get("Openai-Organization"), h.Get("Openai-Project")
	if organization == "" || project == "" {
		return organization
	}
	return organization + "/" + project
}

// readLimit reads one trio of headers. A limit that is not positive is none:
// Azure's Responses API was seen to send -1 and 0. A remainder of 0 is true.
func readLimit(h http.Header, names Limit, now time.Time) (upstream.Limit, bool) {
	size, err := strconv.ParseInt(h.Get(names.Size), 10, 64)
	if err != nil || size <= 0 {
		return upstream.Limit{}, false
	}
	remaining, err := strconv.ParseInt(h.Get(names.Remaining), 10, 64)
	if err != nil || remaining < 0 {
		return upstream.Limit{}, false
	}
	l := upstream.Limit{Dimension: names.Dimension, PerMinute: size, Remaining: remaining}
	if reset, ok := parseReset(h.Get(names.Reset)); ok {
		l.FullAt = now.Add(reset)
	}
	return l, true
}

// parseReset reads a duration such as "1s", "6m0s" or "120ms", or a plain number
// of seconds (Azure, Cerebras). Beyond a day it is taken for something else, such
// as a date in Unix seconds.
func parseReset(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	return d, err == nil && d >= 0 && d <= provider.MaxRetryAfter
}

// hasNone reports whether a limit of 0 stands in the headers.
func (c Config) hasNone(h http.Header) bool {
	for _, names := range c.limits() {
		if h.Get(names.Size) == "0" {
			return true
		}
	}
	return false
}
