package gateway

import (
	"errors"
	"io"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// openStream is a stream whose first content is here. Until then nothing is
// sent to the client, so that a provider that fails early can be replaced.
//
// Nor is anything sent while a request waits for room or for the provider's
// first event: a sign of life would need a status before it, and 200 for what
// may yet be a 429 tells SDKs, which never retry a stream, that all is well.
type openStream struct {
	conn   conn
	chunks provider.Stream
	idle   time.Duration
	// held are the events that came before and with the first content, as
	// they will be sent.
	held []byte
	// content says that held has content: it has none if the provider took
	// longer than we may hold back, or if there was none.
	content bool
	// ended says that the stream has ended well; at first that held is all of it.
	ended bool
}

const (
	// holdBack bounds how long events may be held from the first on: after it the
	// client needs a sign of life more than we need the option to fail over.
	// From then on a provider that thinks for long and says so lives by its
	// idle time-out and no longer by that of the first token.
	holdBack = 15 * time.Second
	// maxHeld and maxHeldBytes bound how many.
	maxHeld      = 64
	maxHeldBytes = 256 << 10
)

// openTheStream reads up to the first content.
func openTheStream(c conn, answer provider.Answer, idle time.Duration, ping []byte, now func() time.Time) (*openStream, error) {
	s := &openStream{conn: c, chunks: answer.Stream(c.resp.Body), idle: idle}
	var first time.Time
	for n := 0; !s.content && n < maxHeld && len(s.held) < maxHeldBytes; n++ {
		chunk, err := s.chunks.Next()
		if errors.Is(err, io.EOF) {
			s.ended = true
			return s, nil
		}
		if err != nil {
			fault := c.watch.fault(err)
			s.close()
			return nil, fault
		}
		s.held = appendChunk(s.held, chunk, ping)
		s.content = chunk.Content
		if n == 0 {
			first = now() // a provider that is slow to begin costs no fail-over
		} else if now().Sub(first) >= holdBack {
			break
		}
	}
	c.watch.alive(s.idle)
	return s, nil
}

func (s *openStream) close() {
	if s.ended {
		s.conn.drain()
	}
	s.conn.close()
}
