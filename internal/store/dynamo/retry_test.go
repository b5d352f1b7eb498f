package dynamo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fallow-dev/fallow/internal/store"
)

// script is a Client that plays one answer per attempt and notes when each
// came; after the last answer it repeats that.
type script struct {
	answers []func(context.Context) error
	at      []time.Time
	update  *dynamodb.UpdateItemInput // the latest
	options dynamodb.Options          // of the latest call
}

func (s *script) next(ctx context.Context, opts []func(*dynamodb.Options)) error {
	s.options = dynamodb.Options{}
	for _, opt := range opts {
		opt(&s.options)
	}
	answer := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at = append(s.at, time.Now())
	return answer(ctx)
}

func (s *script) Query(ctx context.Context, _ *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{}, s.next(ctx, opts)
}

func (s *script) GetItem(ctx context.Context, _ *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{}, s.next(ctx, opts)
}

func (s *script) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	s.update = in
	return &dynamodb.UpdateItemOutput{}, s.next(ctx, opts)
}

func ok(context.Context) error { return nil }

// hang answers when the attempt is given up.
func hang(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func fail(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// answer is what the SDK returns for a response of that status.
func answer(status int, err error) func(context.Context) error {
	return fail(&awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
	}})
}

var (
	refusedDial = fail(&smithyhttp.RequestSendError{Err: errors.New("connection refused")})
	serverError = answer(500, &types.InternalServerError{})
	brokenReply = answer(200, &smithy.DeserializationError{Err: errors.New("unexpected EOF")})
	throttled   = answer(400, &types.ProvisionedThroughputExceededException{})
	tooFast     = answer(400, &types.ThrottlingException{})
	noTable     = answer(400, &types.ResourceNotFoundException{})
)

type call struct {
	name string
	do   func(context.Context, *Table) error
}

var testKey = store.Key{Partition: "pool", Sort: "group"}

var (
	query  = call{"Query", func(ctx context.Context, t *Table) error { _, err := t.Query(ctx, "pool"); return err }}
	get    = call{"Get", func(ctx context.Context, t *Table) error { _, _, err := t.Get(ctx, testKey); return err }}
	update = call{"Update", func(ctx context.Context, t *Table) error {
		_, err := t.Update(ctx, testKey, cooldown(100_000))
		return err
	}}
	updateAdd = call{"Update with add", func(ctx context.Context, t *Table) error {
		_, err := t.Update(ctx, testKey, store.Change{Do: []store.Assign{store.Set("a", store.Num(1)), store.Add("n", 1)}})
		return err
	}}
)

func TestAttempts(t *testing.T) {
	t.Parallel()
	type answers = []func(context.Context) error
	repeatables, all := []call{query, get, update}, []call{query, get, update, updateAdd}
	adds := []call{updateAdd}
	tests := []struct {
		name     string
		calls    []call
		answers  answers
		attempts int
		took     time.Duration // with Rand at its largest
		err      string        // part of it; "" for success
	}{
		{"first try", all, answers{ok}, 1, 0, ""},
		{"timeout, then answer", repeatables, answers{hang, ok}, 2, 80 * time.Millisecond, ""},
		{"timeouts", repeatables, answers{hang}, 2, 160 * time.Millisecond, "deadline exceeded"},
		{"no connection, then answer", repeatables, answers{refusedDial, ok}, 2, 0, ""},
		{"no connection", repeatables, answers{refusedDial}, 2, 0, "connection refused"},
		{"server error, then answer", repeatables, answers{serverError, ok}, 2, 0, ""},
		{"broken reply, then answer", repeatables, answers{brokenReply, ok}, 2, 0, ""},
		{"an add is not repeated after a timeout", adds, answers{hang, ok}, 1, 80 * time.Millisecond, "deadline exceeded"},
		{"an add is not repeated after a lost connection", adds, answers{refusedDial, ok}, 1, 0, "connection refused"},
		{"an add is not repeated after a server error", adds, answers{serverError, ok}, 1, 0, "InternalServerError"},
		{"an add is not repeated after a broken reply", adds, answers{brokenReply, ok}, 1, 0, "unexpected EOF"},
		{"fault of the caller", all, answers{noTable, ok}, 1, 0, "ResourceNotFound"},
		{"throttled once", all, answers{throttled, ok}, 2, 25 * time.Millisecond, ""},
		{"throttled by the other error", all, answers{tooFast, tooFast, ok}, 3, 75 * time.Millisecond, ""},
		{"throttled for longer than the wait", all, answers{throttled}, 4, 175 * time.Millisecond, "ProvisionedThroughputExceeded"},
		{"throttling does not use up the second attempt", repeatables, answers{throttled, serverError, throttled, ok}, 4, 75 * time.Millisecond, ""},
		{"an add after throttling is still tried once", adds, answers{throttled, serverError, ok}, 2, 25 * time.Millisecond, "InternalServerError"},
	}
	for _, tt := range tests {
		for _, c := range tt.calls {
			t.Run(tt.name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client := &script{answers: tt.answers}
					begin := time.Now()
					err := c.do(t.Context(), New(Config{Client: client, Table: "fallow", Rand: func() float64 { return 1 }}))
					if took := time.Since(begin); took != tt.took {
						t.Errorf("took %v, want %v", took, tt.took)
					}
					if len(client.at) != tt.attempts {
						t.Errorf("got %d attempts, want %d", len(client.at), tt.attempts)
					}
					wantError(t, err, tt.err)
				})
			})
		}
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "dynamodb table fallow: ")) {
		t.Errorf("got error %v, want one with the table and %q", err, want)
	}
}

// Whatever retries the given client came with, a second layer below ours would
// repeat an add.
func TestTheSDKNeverRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []call{query, get, update, updateAdd, {"Warm", func(ctx context.Context, t *Table) error { return t.Warm(ctx) }}} {
		client := &script{answers: []func(context.Context) error{ok}}
		if err := c.do(t.Context(), New(Config{Client: client, Table: "fallow"})); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, isNop := client.options.Retryer.(aws.NopRetryer); !isNop {
			t.Errorf("%s: got retryer %T, want NopRetryer", c.name, client.options.Retryer)
		}
	}
}

func TestContextBoundsAttemptsAndPauses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		answer   func(context.Context) error
		limit    time.Duration
		attempts int
	}{
		{"during an attempt", hang, 30 * time.Millisecond, 1},
		{"during the second attempt", hang, 100 * time.Millisecond, 2},
		{"during a pause", throttled, 40 * time.Millisecond, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				client := &script{answers: []func(context.Context) error{tt.answer}}
				begin := time.Now()
				err := update.do(ctx, New(Config{Client: client, Table: "fallow", Rand: func() float64 { return 1 }}))
				if took := time.Since(begin); err == nil || took != tt.limit || len(client.at) != tt.attempts {
					t.Errorf("got error %v after %v and %d attempts, want one after %v and %d", err, took, len(client.at), tt.limit, tt.attempts)
				}
			})
		})
	}
}

// Clients that were throttled together must not come back together.
func TestPausesAreSpread(t *testing.T) {
	t.Parallel()
	for rand, want := range map[float64]time.Duration{0: 12500 * time.Microsecond, 0.5: 18750 * time.Microsecond, 1: 25 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			client := &script{answers: []func(context.Context) error{throttled, ok}}
			if err := get.do(t.Context(), New(Config{Client: client, Table: "fallow", Rand: func() float64 { return rand }})); err != nil {
				t.Fatal(err)
			}
			if got := client.at[1].Sub(client.at[0]); got != want {
				t.Errorf("Rand %v: paused %v, want %v", rand, got, want)
			}
		})
	}
}

func TestWarmIsBoundByItsContextOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := &script{answers: []func(context.Context) error{hang}}
		begin := time.Now()
		err := New(Config{Client: client, Table: "fallow"}).Warm(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("got %v after %v, want the deadline after 1s", err, took)
		}
	})
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	got := Config{}.withDefaults()
	if got.Timeout != 80*time.Millisecond || got.ThrottleWait != 300*time.Millisecond {
		t.Errorf("got %v and %v, want 80ms and 300ms", got.Timeout, got.ThrottleWait)
	}
	for range 100 {
		if r := got.Rand(); r < 0 || r >= 1 {
			t.Fatalf("Rand gave %v, want [0,1)", r)
		}
	}
	kept := Config{Timeout: 1, ThrottleWait: 2}.withDefaults()
	if kept.Timeout != 1 || kept.ThrottleWait != 2 {
		t.Errorf("got %v and %v, want what was set", kept.Timeout, kept.ThrottleWait)
	}
}

func TestNewWithoutClientOrTable(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{"client": {Table: "fallow"}, "table": {Client: &script{}}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			New(cfg)
		})
	}
}
