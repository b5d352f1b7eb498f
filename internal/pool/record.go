package pool

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Attributes of a key record. The rebalancer (package rebalance) reads the
// counters and writes the weight; instances do the opposite, so the two never
// write the same attribute.
const (
	AttrOwner     = "owner"      // hashed organisation behind the key, once learned
	AttrOK        = "ok"         // requests that the provider took
	AttrRefused   = "refused"    // refusals that count against the key or its group
	AttrFaults    = "faults"     // faults of the provider's own: 5xx, overload, time-outs, broken streams
	AttrLatencyMS = "latency_ms" // sum of the times to the first content
	AttrLatencies = "latency_count"
	AttrCost      = "cost_microusd" // of all answers, in millionths of a dollar
	AttrTokens    = "cost_tokens"   // all that this bought
	AttrInput     = "input_tokens"  // not read from the provider's cache
	AttrCacheRead = "cache_read_tokens"
	AttrHeadroom  = "headroom"    // thousandths of its tightest limit still free
	AttrHeadAt    = "headroom_at" // ms: when that was read
	AttrWeight    = "weight"      // thousandths of the base weight
	AttrWeightWhy = "weight_why"
	AttrWeightAt  = "weight_at" // ms: when the weight was decided
	AttrError     = "last_error"
	AttrErrorAt   = "last_error_at"
)

// keyPrefix begins the sort key of every key record.
const keyPrefix = "key#"

// KeyRecord names the record of a key in the table, for those who read the
// pool's state from outside: the rebalancer and the console.
func KeyRecord(pool, key string) store.Key {
	return store.Key{Partition: partition(pool), Sort: keyPrefix + key}
}

// weightOf returns a key's effective weight: the operator's, scaled by the
// rebalancer's. A record without a weight, or with a senseless one, leaves the
// base weight as it is.
func weightOf(k Key, record store.Item) float64 {
	permille := record.Int(AttrWeight)
	if permille <= 0 || permille > 1000 {
		permille = 1000
	}
	return k.Weight * float64(permille) / 1000
}

// ownerName hides a provider's organisation id behind a short stable name,
// which may be stored, logged and shown.
func ownerName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "org-" + hex.EncodeToString(sum[:5])
}

// headroom returns the tightest dimension's free share in thousandths.
func headroom(s upstream.Signals) (permille int64, known bool) {
	permille = 1000
	for _, l := range s.Limits {
		if l.PerMinute > 0 {
			permille, known = min(permille, l.Remaining*1000/l.PerMinute), true
		}
	}
	return permille, known
}
