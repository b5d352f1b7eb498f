// Command echofn is the function that the tests of lambdabed run: it does on
// demand what functions do right and wrong.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fallow-dev/fallow/internal/awsfront"
)

func main() {
	switch os.Getenv("ECHOFN") {
	case "exit":
		os.Exit(3)
	case "hang":
		<-time.After(time.Hour)
	case "rude":
		rude("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/")
	case "direct":
		lambda.Start(direct)
	case "sigterm":
		awsfront.Start(awsfront.Config{Handler: routes(), OnShutdown: func() {
			visit(context.Background(), os.Getenv("ECHOFN_VISIT"))
			os.Exit(0)
		}})
	default:
		awsfront.Start(awsfront.Config{Handler: routes()})
	}
}

// direct answers events that are not a function URL's.
func direct(_ context.Context, event json.RawMessage) (json.RawMessage, error) {
	switch string(event) {
	case `"fail"`:
		return nil, errors.New("asked to fail")
	case `"hang"`:
		<-time.After(time.Hour)
	}
	return event, nil
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getenv(r.FormValue("name"))) })
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/hold", hold)
	mux.HandleFunc("/big", big)
	mux.HandleFunc("/after", after)
	mux.HandleFunc("/tick", tick)
	mux.HandleFunc("/deadline", deadline)
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("asked to panic") })
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/midstream/panic", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "data: 1\n\n")
		panic("asked to panic")
	})
	mux.HandleFunc("/midstream/exit", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: 1\n\n")
		visit(r.Context(), r.FormValue("visit"))
		os.Exit(3)
	})
	return mux
}

// echo answers with the request's own body, and says in headers what it was.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", r.Header.Get("Content-Type"))
	h.Set("X-Line", r.Method+" "+r.RequestURI)
	h.Set("X-Length", strconv.FormatInt(r.ContentLength, 10))
	h.Set("X-From", r.RemoteAddr)
	h.Set("X-Cookie", r.Header.Get("Cookie"))
	h.Set("X-Repeated", r.Header.Get("X-Repeated"))
	h.Set("X-Invocation", r.Header.Get(awsfront.InvocationHeader))
	h["Set-Cookie"] = []string{"a=1", "b=2"}
	w.WriteHeader(http.StatusCreated)
	w.Write(body)
}

// stream sends an event, makes a visit, sends the next.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for n := range 3 {
		fmt.Fprintf(w, "data: %d\n\n", n)
		visit(r.Context(), r.FormValue("visit"))
	}
}

// hold answers with the process's id when its visit is over.
func hold(w http.ResponseWriter, r *http.Request) {
	visit(r.Context(), r.FormValue("visit"))
	fmt.Fprint(w, os.Getpid())
}

func big(w http.ResponseWriter, r *http.Request) {
	size, _ := strconv.Atoi(r.FormValue("bytes"))
	chunk := make([]byte, 64<<10)
	for ; size > 0; size -= len(chunk) {
		w.Write(chunk[:min(size, len(chunk))])
	}
}

// after makes its visit when the answer is complete.
func after(w http.ResponseWriter, r *http.Request) {
	where := r.FormValue("visit")
	awsfront.After(r.Context(), func(ctx context.Context) { visit(ctx, where) })
	io.WriteString(w, "answered")
}

// tick leaves a goroutine behind that sends a datagram every millisecond.
func tick(w http.ResponseWriter, r *http.Request) {
	conn, err := net.Dial("udp", r.FormValue("to"))
	if err != nil {
		panic(err)
	}
	go func() {
		for range time.Tick(time.Millisecond) {
			conn.Write([]byte("tick"))
		}
	}()
	fmt.Fprint(w, os.Getpid())
}

// deadline answers in the last moment with the time that was left at the start.
func deadline(w http.ResponseWriter, r *http.Request) {
	end, _ := r.Context().Deadline()
	left := time.Until(end)
	<-r.Context().Done()
	fmt.Fprintf(w, "%d %v", left.Milliseconds(), context.Cause(r.Context()))
}

// visit calls a URL, so that a test knows where the function is and decides
// when it goes on.
func visit(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
}
