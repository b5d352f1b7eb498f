package overload

import (
	"sync"
	"time"
)

const (
	// budgetSpan is how long requests save up for retries. Ten minutes of them
	// pay for riding out one in which most calls fail, which two would not; an
	// outage that lasts gets the same in all, so hardly more than its share.
	budgetSpan = 10 * time.Minute
	// requestsPerRetry: retries add a fifth to the requests at most.
	requestsPerRetry = 5
	// reserve is what may be retried without any requests to pay for it: two a
	// minute. It is for low traffic and for an instance that has just started.
	reserve = int(budgetSpan / (30 * time.Second))
)

// Budget bounds the retries to one target to a fifth of the requests of the last
// ten minutes, plus twenty. Retries then cannot multiply the load on a provider
// in trouble for long, whatever each request would like. It is safe for
// concurrent use.
type Budget struct {
	now func() time.Time

	mu                sync.Mutex // guards what follows
	requests, retries window
}

// NewBudget makes a budget that has its reserve and nothing saved.
func NewBudget(cfg Config) *Budget {
	return &Budget{now: cfg.now(), requests: newWindow(budgetSpan), retries: newWindow(budgetSpan)}
}

// Earn records a request. A client's own retry is not to be recorded: it is
// load that trouble has caused already, and must not pay for more of it.
func (b *Budget) Earn() {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests.add(now)
}

// Take reports whether one more retry is within the budget, and if so counts it.
func (b *Budget) Take() bool {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.retries.sum(now) >= reserve+b.requests.sum(now)/requestsPerRetry {
		return false
	}
	b.retries.add(now)
	return true
}

// maxSends bounds the calls made for one request to one target in trouble.
const maxSends = 7

// Sends returns how many calls may be made to one target for a request that
// the client sends for the clientRetry-th time after the first (the header
// x-stainless-retry-count; 0 when there is none), from 7 down to 1. SDKs try
// three times by themselves, which multiplies ours: 7 + 3 + 2 are 12 calls in
// the worst case, where 7 each time would be 21.
func Sends(clientRetry int) int {
	if clientRetry >= maxSends {
		return 1
	}
	return maxSends / (max(clientRetry, 0) + 1)
}
