package lambdabed

import (
	"io"
	"sync"
)

// lockedWriter lets many processes print to one place.
type lockedWriter struct {
	mu sync.Mutex // covers w
	w  io.Writer  // nil drops everything
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}
