package awsfront_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/awsfront"
)

type urlEvent = events.LambdaFunctionURLRequest

func TestAnswers(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
		headers map[string]string
		cookies []string
		body    string
	}{
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, 200, map[string]string{}, nil, ""},
		{"type is guessed as by net/http", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<html>")
		}, 200, map[string]string{"Content-Type": "text/html; charset=utf-8"}, nil, "<html>"},
		{"type is guessed after WriteHeader too", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			io.WriteString(w, "gone")
		}, 404, map[string]string{"Content-Type": "text/plain; charset=utf-8"}, nil, "gone"},
		{"compressed bytes are not guessed at", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "zzz")
		}, 200, map[string]string{"Content-Encoding": "gzip"}, nil, "zzz"},
		{"repeated headers and cookies", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-Dropped"] = []string{"seed", "n"}
			w.Header()["Set-Cookie"] = []string{"a=1; Path=/, x", "b=2"}
			for _, name := range []string{"X-A", "X-B", "X-C", "X-D", "X-E"} { // maps have no order: cookies come before some
				w.Header().Set(name, "1")
			}
		}, 200, map[string]string{"X-Dropped": "seed, n", "X-A": "1", "X-B": "1", "X-C": "1", "X-D": "1", "X-E": "1"}, []string{"a=1; Path=/, x", "b=2"}, ""},
		{"a value cannot become a header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Text", "a\r\nX-Evil: b")
		}, 200, map[string]string{"X-Text": "a  X-Evil: b"}, nil, ""},
		{"head is final at WriteHeader", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Early", "yes")
			w.WriteHeader(201)
			w.Header().Set("X-Late", "lost")
			w.WriteHeader(500)
		}, 201, map[string]string{"X-Early": "yes"}, nil, ""},
		{"head is final at Flush", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.Header().Set("X-Late", "lost")
			w.WriteHeader(500)
		}, 200, map[string]string{}, nil, ""},
		{"informational statuses are dropped", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(202)
		}, 202, map[string]string{}, nil, ""},
		{"no body where there must be none", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}, 204, map[string]string{}, nil, ""},
		{"an empty write only sends the head", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(nil)
			w.WriteHeader(500)
		}, 200, map[string]string{}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := serve(t, tt.handler)
			if res.StatusCode != tt.status || res.body != tt.body || res.err != nil {
				t.Errorf("got %d %q (%v), want %d %q", res.StatusCode, res.body, res.err, tt.status, tt.body)
			}
			if diff := cmp.Diff(tt.headers, res.Headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.cookies, res.Cookies); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadAnswerHasNoBody(t *testing.T) {
	ev := event(t, "healthz")
	ev.RequestContext.HTTP.Method = http.MethodHead
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n, err := io.WriteString(w, "ok"); n != 2 || err != nil {
			t.Errorf("Write: got %d, %v, want 2, nil", n, err)
		}
	})
	if res := call(t, awsfront.Config{Handler: h}, ev); res.body != "" {
		t.Errorf("got body %q, want none", res.body)
	}
}

// A buffered writer would make this test hang: the handler writes the next
// event only when the reader has seen the one before.
func TestEveryWriteIsDeliveredBeforeTheNext(t *testing.T) {
	seen := make(chan string)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, ev := range []string{"data: 1\n\n", "data: 2\n\n", "data: 3\n\n"} {
			io.WriteString(w, ev)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("Flush: %v", err)
			}
			if got := <-seen; got != ev {
				t.Errorf("got %q, want %q", got, ev)
			}
		}
	})
	res, err := awsfront.Handler(awsfront.Config{Handler: h})(t.Context(), event(t, "healthz"))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	for n, err := res.Body.Read(buf); err == nil; n, err = res.Body.Read(buf) {
		seen <- string(buf[:n])
	}
	res.Close()
}

// The head must reach the runtime while the handler still thinks.
func TestFlushedHeadDoesNotWaitForTheBody(t *testing.T) {
	headSeen := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		w.(http.Flusher).Flush()
		<-headSeen
		io.WriteString(w, "late")
	})
	res, err := awsfront.Handler(awsfront.Config{Handler: h})(t.Context(), event(t, "healthz"))
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("got status %d, want 202", res.StatusCode)
	}
	close(headSeen)
	body, _ := io.ReadAll(res.Body)
	if string(body) != "late" {
		t.Errorf("got body %q, want %q", body, "late")
	}
	res.Close()
}

func TestPanicBeforeTheFirstByte(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		newID   func(context.Context) string
		wantID  string
	}{
		{"unnamed request gets Lambda's id", func(http.ResponseWriter, *http.Request) { panic("lost") }, nil, invocationID},
		{"unnamed request gets the configured id", func(http.ResponseWriter, *http.Request) { panic("lost") },
			func(context.Context) string { return "req_7" }, "req_7"},
		{"a name already given is kept, the rest of the head is not", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Fallow-Request-Id", "req_3")
			w.Header().Set("X-Secret", "s")
			w.WriteHeader(204)
			panic("lost")
		}, nil, "req_3"},
		{"an impossible status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(7) }, nil, invocationID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			res := call(t, awsfront.Config{Handler: tt.handler, RequestID: tt.newID, Log: logTo(&log)}, event(t, "healthz"))
			if res.StatusCode != http.StatusInternalServerError || res.err != nil {
				t.Errorf("got status %d (%v), want 500", res.StatusCode, res.err)
			}
			if _, leaked := res.Headers["X-Secret"]; leaked {
				t.Error("a header of the lost answer got out")
			}
			if strings.Contains(res.body, "lost") || strings.Contains(res.body, "goroutine") {
				t.Errorf("the panic got out: %s", res.body)
			}
			if !strings.Contains(log.String(), "handler panicked") {
				t.Errorf("the panic was not logged: %q", log.String())
			}
			checkError(t, res, "internal_error", tt.wantID)
		})
	}
}

func checkError(t *testing.T, res answer, wantCode, wantID string) {
	t.Helper()
	var got struct {
		Error struct{ Message, Type, Code string }
	}
	if err := json.Unmarshal([]byte(res.body), &got); err != nil {
		t.Fatalf("the body is no JSON: %v in %q", err, res.body)
	}
	if got.Error.Code != wantCode || got.Error.Message == "" || got.Error.Type == "" {
		t.Errorf("got error %+v, want code %s, a type and a message", got.Error, wantCode)
	}
	if id := res.Headers["X-Fallow-Request-Id"]; id != wantID {
		t.Errorf("got request id %q, want %q", id, wantID)
	}
}

func TestPanicInMidStreamBreaksTheStream(t *testing.T) {
	tests := []struct {
		name   string
		cause  any
		logged bool
	}{
		{"panic", "lost", true},
		{"deliberate abort", http.ErrAbortHandler, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "data: 1\n\n")
				panic(tt.cause)
			})
			res := call(t, awsfront.Config{Handler: h, Log: logTo(&log)}, event(t, "healthz"))
			if res.err == nil || res.body != "data: 1\n\n" {
				t.Errorf("got %q and %v, want the first event and an error", res.body, res.err)
			}
			if got := log.Len() > 0; got != tt.logged {
				t.Errorf("got logged %t, want %t", got, tt.logged)
			}
		})
	}
}

func TestHandlerLearnsOfTheDeadlineInTime(t *testing.T) {
	tests := []struct {
		name                   string
		margin, timeout, after time.Duration
	}{
		{"default margin", 0, time.Minute, 58 * time.Second},
		{"own margin", 5 * time.Second, time.Minute, 55 * time.Second},
		{"little time at all", 0, 2 * time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					if got := time.Since(start); got != tt.after {
						t.Errorf("the request ended after %s, want %s", got, tt.after)
					}
					if cause := context.Cause(r.Context()); cause != awsfront.ErrDeadline {
						t.Errorf("got cause %v, want ErrDeadline", cause)
					}
					io.WriteString(w, "data: error\n\n")
				})
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				res, err := awsfront.Handler(awsfront.Config{Handler: h, Margin: tt.margin})(ctx, event(t, "healthz"))
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(res.Body); string(body) != "data: error\n\n" || err != nil {
					t.Errorf("got %q, %v, want the error event", body, err)
				}
				res.Close()
			})
		})
	}
}

func TestHandlerThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gaveUp := make(chan struct{})
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer close(gaveUp)
			<-time.After(time.Hour) // deaf to its context
			if _, err := io.WriteString(w, "too late"); !errors.Is(err, awsfront.ErrAbandoned) {
				t.Errorf("Write: got %v, want ErrAbandoned", err)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res, err := awsfront.Handler(awsfront.Config{Handler: h})(ctx, event(t, "healthz"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v, want a deadline error", res, err)
		}
		<-gaveUp
	})
}

func TestRuntimeThatStopsReading(t *testing.T) {
	var writeErr, cause error
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		_, writeErr = io.WriteString(w, "nobody reads this")
		<-r.Context().Done()
		cause = context.Cause(r.Context())
	})
	res, err := awsfront.Handler(awsfront.Config{Handler: h})(t.Context(), event(t, "healthz"))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(res.Body, make([]byte, len("first")))
	res.Close() // returns only when the handler has
	if !errors.Is(writeErr, awsfront.ErrAbandoned) || !errors.Is(cause, awsfront.ErrAbandoned) {
		t.Errorf("got write error %v and cause %v, want ErrAbandoned twice", writeErr, cause)
	}
}

func TestCloseOutlastsNoInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gaveUp := make(chan struct{})
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer close(gaveUp)
			w.(http.Flusher).Flush()
			<-time.After(time.Hour) // deaf to its context
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res, err := awsfront.Handler(awsfront.Config{Handler: h, Log: slog.New(slog.DiscardHandler)})(ctx, event(t, "healthz"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		res.Close()
		if got := time.Since(start); got != time.Minute {
			t.Errorf("Close took %s, want the minute the invocation has", got)
		}
		<-gaveUp
	})
}
