// Package records is the layout of a pool's records in the shared table: their
// names, their attributes, and how a rest is written and read. Instances
// (package pool) and the scheduled job (package rebalance) meet in nothing else,
// in two processes and often of two releases, so both take it from here.
//
// It decides nothing. When a write may be made, and so its condition, belongs to
// the package that makes it. Times are ms since epoch by the writer's clock.
//
// A name or a meaning that is here stays: instances of the release before share
// the table while a deployment moves traffic (see package upgrade). The token
// ratios, which lie in the same partition, are laid out by package ratios.
package records

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// What the sort keys of records begin with.
const (
	KeyPrefix   = "key#"
	RestPrefix  = "rest#"
	QuotaPrefix = "quota#"
)

const (
	// KeepRest is how long a rest that is over still matters. The table may drop
	// it then, so everybody has to forget it.
	KeepRest = 24 * time.Hour
	// KeepQuota is how long the table keeps a quota that nobody uses.
	KeepQuota = 7 * 24 * time.Hour
)

// FullBurst is the burst, in ms of refill, of a quota whose record tells none.
// Published limits are per minute and buckets hold one minute. Taking them for
// nine tenths of that absorbs seconds of clock skew and what is in flight; the
// whole minute bought little waiting and many refusals.
const FullBurst = 54_000

// Partition holds all records of a pool, so that one Query gives its state.
func Partition(pool string) string { return "pool#" + pool }

// Key names the record of one of a pool's keys.
func Key(pool, key string) store.Key {
	return store.Key{Partition: Partition(pool), Sort: KeyPrefix + key}
}

// QuotasOf is what the sort keys of a group's quotas begin with; the family is
// what follows.
func QuotasOf(group string) string { return QuotaPrefix + group + "#" }

// OwnerName hides a provider's organisation id behind a short stable name,
// which may be stored, logged and shown.
func OwnerName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "org-" + hex.EncodeToString(sum[:5])
}

// Flag is a truth value; the table knows numbers and texts.
func Flag(b bool) store.Value {
	if b {
		return store.Num(1)
	}
	return store.Num(0)
}

// TTL is when the table may drop a record that matters until ms and for that
// long after, in seconds as DynamoDB wants it.
func TTL(ms int64, keep time.Duration) store.Value {
	return store.Num(ms/1000 + int64(keep/time.Second))
}
