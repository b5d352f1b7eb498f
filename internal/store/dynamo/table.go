package dynamo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fallow-dev/fallow/internal/store"
)

// Client is what a Table needs of a *dynamodb.Client.
type Client interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

var _ Client = (*dynamodb.Client)(nil)

// Config says where a Table is and how long it waits.
type Config struct {
	// Client makes the calls; required. NewClient builds a fitting one. The
	// retries it may be configured with are not used.
	Client Client
	// Table is the name of the DynamoDB table; required. Its key is p
	// (partition) and s (sort), both strings.
	Table string
	// Timeout bounds one attempt. Zero means 80 ms: DynamoDB answers in some
	// 5 ms, and a request that gets no answer goes on without shared state
	// rather than late. A connection that takes longer to open is not lost:
	// net/http finishes it for the next attempt.
	Timeout time.Duration
	// ThrottleWait bounds the sum of the pauses in one call while DynamoDB
	// throttles. Zero means 300 ms.
	ThrottleWait time.Duration
	// Rand returns a number in [0,1) that spreads those pauses. Nil means
	// math/rand/v2.
	Rand func() float64
}

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = 80 * time.Millisecond
	}
	if c.ThrottleWait <= 0 {
		c.ThrottleWait = 300 * time.Millisecond
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	return c
}

// Table is a store.Table in DynamoDB. It is safe for concurrent use.
//
// Reads and changes without OpAdd are attempted twice when the first attempt
// fails in a way that may pass. If the first attempt of an Update was applied
// and only its reply was lost, the second may find the condition no longer
// holding: Applied is false then, and Item shows the caller's own write.
// Where that matters (who holds a lease?) the change must leave a mark by which
// its writer knows it again. Changes with OpAdd are attempted once.
type Table struct{ cfg Config }

var _ store.Table = (*Table)(nil)

// New returns the table; it makes no call. It panics if Client or Table is
// missing, which only a program can get wrong.
func New(cfg Config) *Table {
	if cfg.Client == nil || cfg.Table == "" {
		panic("dynamo: Config needs Client and Table")
	}
	return &Table{cfg: cfg.withDefaults()}
}

// Warm opens a connection, so that the first request after a cold start does
// not pay for name lookup and TLS. Only ctx bounds it.
func (t *Table) Warm(ctx context.Context) error {
	key := store.Key{Partition: "warm", Sort: "warm"}
	if _, err := t.cfg.Client.GetItem(ctx, t.getInput(key), noRetries); err != nil {
		return fmt.Errorf("dynamodb table %s: warm up: %w", t.cfg.Table, err)
	}
	return nil
}
