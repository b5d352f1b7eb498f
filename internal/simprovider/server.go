package simprovider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a Provider that listens.
type Server struct {
	*Provider
	url  string
	http *http.Server
	end  context.CancelFunc // ends the requests in flight
	stop func() bool        // forgets the context given to Start
	done chan struct{}      // closed when serving has ended
	once sync.Once
}

// Start serves a provider on addr until Close or the end of ctx. The address
// must be on loopback: nothing about a simulated provider is meant for a
// network. Port 0 takes a free one, see URL.
func Start(ctx context.Context, cfg Config, addr string) (*Server, error) {
	if err := loopback(addr); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("simprovider: %w", err)
	}
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{Provider: New(cfg), url: "http://" + l.Addr().String(), end: end, done: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.Provider,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // always ErrServerClosed or the listener's end
	}()
	s.stop = context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// loopback refuses addresses that others could reach. A name other than
// localhost is refused without a look-up: what it means may change.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("simprovider: listen address %q: want host:port, such as 127.0.0.1:9090", addr)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("simprovider: listen address %q is not on loopback; use 127.0.0.1, [::1] or localhost", addr)
}

// URL is the base URL without a path. Anthropic's SDKs take it as it is,
// OpenAI's with /v1 added.
func (s *Server) URL() string { return s.url }

// Done is closed when the server no longer serves.
func (s *Server) Done() <-chan struct{} { return s.done }

// grace is how long Close waits for requests to end after they were told to.
const grace = 5 * time.Second

// Close ends the requests in flight and stops serving. It may be called more
// than once.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		s.stop()
		s.end()
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err = s.http.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			err = s.http.Close()
		}
	})
	<-s.done
	return err
}
