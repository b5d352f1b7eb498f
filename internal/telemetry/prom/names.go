package prom

import (
	"sync"
	"unicode/utf8"
)

// mostModels bounds the upstream models that have a name in labels.
const mostModels = 100

// nameSet gives the first names their own and calls the others "other", and so
// what is not UTF-8: one such label would spoil every scrape.
type nameSet struct {
	most int

	mu    sync.RWMutex // guards known
	known map[string]bool
}

func (s *nameSet) name(name string) string {
	if !utf8.ValidString(name) {
		return "other"
	}
	s.mu.RLock()
	known, full := s.known[name], len(s.known) >= s.most
	s.mu.RUnlock()
	switch {
	case known:
		return name
	case full:
		return "other"
	}
	return s.add(name)
}

func (s *nameSet) add(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known[name] && len(s.known) >= s.most { // somebody else was quicker
		return "other"
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[name] = true
	return name
}
