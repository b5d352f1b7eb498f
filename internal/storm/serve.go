package storm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// server is an HTTP server on loopback.
type server struct {
	url  string
	http *http.Server
	done chan struct{}
}

func listen(h http.Handler) (*server, error) { return listenOn("127.0.0.1:0", h) }

func listenOn(addr string, h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &server{
		url: "http://" + l.Addr().String(), done: make(chan struct{}),
		http: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // always ErrServerClosed
	}()
	return s, nil
}

// drain is how long requests in flight may take to end once it is over.
const drain = 2 * time.Second

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// newTransport is one for many connections at once to one host.
func newTransport() *http.Transport {
	return &http.Transport{
		MaxIdleConns: 2000, MaxIdleConnsPerHost: 2000, IdleConnTimeout: 30 * time.Second,
		DisableCompression: true,
	}
}
