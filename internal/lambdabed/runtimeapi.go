package lambdabed

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI is the interface of AWS's docs, lambda/latest/dg/runtimes-api, and
// as much of runtimes-extensions-api as it takes to be sent SIGTERM.
func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.posted(readResponse))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.posted(readError))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", accept)
	mux.HandleFunc("POST /2020-01-01/extension/register", e.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", e.neverNext)
	return mux
}

// next ends the invocation before, and gives out the one after. Between the
// two the process is frozen.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	if !e.mayPoll() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the current invocation has not been answered")
		return
	}
	if e.settle() {
		e.freeze()
		e.owner.idle(e)
	}
	e.firstPoll.Do(func() {
		e.initTook = time.Since(e.started)
		e.throttle()
		close(e.ready)
	})
	select {
	case inv := <-e.work:
		give(w, inv, e.cfg)
	case <-e.dead:
	case <-r.Context().Done():
	}
}

func give(w http.ResponseWriter, inv *invocation, cfg Config) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+region+":"+account+":function:"+cfg.FunctionName)
	h.Set("Lambda-Runtime-Trace-Id", inv.trace)
	w.Write(inv.payload)
}

// posted hands what the runtime posts for the current invocation to whoever
// waits for it, and confirms when it has been read to the end.
func (e *environment) posted(read func(*http.Request) *reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		inv := e.take(r.PathValue("id"))
		if inv == nil {
			refuse(w, http.StatusBadRequest, "InvalidRequestID", "this invocation is not the current one, or was answered before")
			return
		}
		answer := read(r)
		inv.replies <- answer
		<-inv.consumed
		if answer.tooLarge {
			refuse(w, http.StatusRequestEntityTooLarge, "Function.ResponseSizeTooLarge", "the answer is larger than Lambda sends on")
			return
		}
		accept(w, r)
	}
}

// mayPoll reports that nothing is left to answer.
func (e *environment) mayPoll() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current == nil || e.current.answered
}

// take returns the current invocation if it has this id and no reply yet.
func (e *environment) take(id string) *invocation {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != id || e.current.answered {
		return nil
	}
	e.current.answered = true
	return e.current
}

func readResponse(r *http.Request) *reply {
	return &reply{contentType: r.Header.Get("Content-Type"), body: r.Body, trailer: func() http.Header { return r.Trailer }}
}

func readError(r *http.Request) *reply {
	failure := &FunctionError{Type: "Unknown"}
	if raw, err := io.ReadAll(io.LimitReader(r.Body, requestLimit)); err == nil {
		json.Unmarshal(raw, failure) // what is not JSON stays unknown
	}
	return &reply{failure: failure}
}

// register grants SIGTERM, the only use that is made of extensions here.
func (e *environment) register(w http.ResponseWriter, _ *http.Request) {
	e.terminable.Store(true)
	w.Header().Set("Lambda-Extension-Identifier", newUUID())
	w.Write([]byte(`{}`))
}

// neverNext has no event for an extension that asked for none.
func (e *environment) neverNext(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-e.dead:
	case <-r.Context().Done():
	}
}

func accept(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(FunctionError{Type: kind, Message: message})
}
