package awsfront_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/awsfront"
)

func TestAfterRunsBetweenTheAnswersEndAndTheNextInvocation(t *testing.T) {
	var order []string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		awsfront.After(r.Context(), func(ctx context.Context) {
			order = append(order, "first")
			awsfront.After(ctx, func(context.Context) { order = append(order, "third") })
		})
		awsfront.After(r.Context(), func(context.Context) { order = append(order, "second") })
		io.WriteString(w, "answer")
	})
	res, err := awsfront.Handler(awsfront.Config{Handler: h})(t.Context(), event(t, "healthz"))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(res.Body)
	order = append(order, "end of the answer")
	res.Close()
	order = append(order, "next invocation")
	// The context of after-work is the invocation's, which knows no queue:
	// what it starts runs in place.
	want := []string{"end of the answer", "first", "third", "second", "next invocation"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAfterHasTheInvocationsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(invocation(t.Context()), time.Hour)
	defer cancel()
	deadline, _ := ctx.Deadline()
	ran := false
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		awsfront.After(r.Context(), func(ctx context.Context) {
			ran = true
			if err := ctx.Err(); err != nil {
				t.Errorf("the context ended with the request: %v", err)
			}
			if got, _ := ctx.Deadline(); !got.Equal(deadline) {
				t.Errorf("got deadline %s, want the invocation's %s", got, deadline)
			}
			if lc, ok := lambdacontext.FromContext(ctx); !ok || lc.AwsRequestID != invocationID {
				t.Errorf("got Lambda context %v, want that of the invocation", lc)
			}
		})
	})
	res, err := awsfront.Handler(awsfront.Config{Handler: h})(ctx, event(t, "healthz"))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(res.Body)
	res.Close()
	if !ran {
		t.Error("the work was not done")
	}
}

func TestAfterSurvivesPanics(t *testing.T) {
	var log bytes.Buffer
	ran := false
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		awsfront.After(r.Context(), func(context.Context) { panic("lost") })
		awsfront.After(r.Context(), func(context.Context) { ran = true })
		panic("the handler, too")
	})
	res := call(t, awsfront.Config{Handler: h, Log: logTo(&log)}, event(t, "healthz"))
	if res.StatusCode != http.StatusInternalServerError || !ran {
		t.Errorf("got status %d, ran %t, want 500, true", res.StatusCode, ran)
	}
	if got := log.String(); strings.Count(got, "work after the answer panicked") != 1 || !strings.Contains(got, "panic=lost") {
		t.Errorf("the panic was not logged, or more than that one: %s", got)
	}
}

func TestAfterOutsideOfARequestRunsAtOnce(t *testing.T) {
	ran := false
	awsfront.After(t.Context(), func(context.Context) { ran = true })
	if !ran {
		t.Error("the work was not done")
	}
}

func TestAfterTheAnswerRunsAtOnce(t *testing.T) {
	var kept context.Context
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = r.Context() })
	call(t, awsfront.Config{Handler: h}, event(t, "healthz"))
	ran := false
	awsfront.After(kept, func(context.Context) { ran = true })
	if !ran {
		t.Error("the work was lost")
	}
}
