package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// Response headers that clients may rely on.
const (
	headerRequestID = "X-Fallow-Request-Id"
	headerTarget    = "X-Fallow-Target"
	headerKey       = "X-Fallow-Key"
	headerAttempts  = "X-Fallow-Attempts"
	headerWait      = "X-Fallow-Wait-Ms"
	headerDropped   = "X-Fallow-Dropped-Params"
)

// HeaderSession is the request header by which a client names its
// conversation, if it knows better than a hash of the first turn.
const HeaderSession = "X-Fallow-Session-Id"

// sessionHeaders are the headers that name a conversation: ours, and that of
// Claude Code (its docs, llm-gateway-protocol).
var sessionHeaders = []string{HeaderSession, "X-Claude-Code-Session-Id"}

type requestIDKey struct{}

// guard gives every request an id and outlives a panic: on Lambda a panic would
// take the environment and its knowledge with it.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set(headerRequestID, id)
		w.Header().Set(nativeRequestID(r), id)
		out := &trackedWriter{ResponseWriter: w, conn: http.NewResponseController(w)}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			g.cfg.Log.Error("panic", "request_id", id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if out.began {
				panic(http.ErrAbortHandler) // cut the answer: it must not look complete
			}
			writeError(out, shapeOf(r), internalError())
		}()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// nativeRequestID is the header in which SDKs look for the id of a request.
func nativeRequestID(r *http.Request) string {
	if shapeOf(r) == (anthropicShape{}) {
		return "Request-Id"
	}
	return "X-Request-Id"
}

// requestID returns the id that guard gave the request.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func newRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return "req_" + hex.EncodeToString(b[:])
}

// writeTime bounds how long the client may take for what is sent at once. Else
// one that no longer reads, but stays, would hold a provider's answer for ever.
// The bound is set anew once in rebound, not for each of a stream's events.
const (
	writeTime = time.Minute
	rebound   = time.Second
)

// trackedWriter remembers whether the answer has begun, and bounds its writes.
type trackedWriter struct {
	http.ResponseWriter
	conn      *http.ResponseController
	unbounded bool // a front without connections: Lambda ends what hangs
	began     bool
	bounded   time.Time // when its bound was set
}

func (w *trackedWriter) WriteHeader(status int) {
	w.began = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *trackedWriter) Write(p []byte) (int, error) {
	w.began = true
	if now := time.Now(); !w.unbounded && now.Sub(w.bounded) >= rebound { // by the system's clock, which is the connection's
		w.bounded = now
		w.unbounded = w.conn.SetWriteDeadline(now.Add(writeTime)) != nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *trackedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
