package rebalance

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// What instances write of a key, and this job reads. Counters only grow; one
// that is absent means that nobody counts it, and then it decides nothing.
const (
	attrOwner     = "owner"         // hashed organisation behind the key
	attrOK        = "ok"            // requests that the provider took
	attrRefused   = "refused"       // refusals that count against the key or its group
	attrFaults    = "faults"        // faults of the provider's own: 5xx, overload, time-outs, broken streams
	attrLatencyMS = "latency_ms"    // sum of the times to the first content, of requests that had any
	attrLatencies = "latency_count" // how many requests that sum is of
	attrCost      = "cost_microusd" // sum of what the answers cost
	attrTokens    = "cost_tokens"   // input and output tokens that this bought
)

// counters are those of which a key's record remembers where they stood when
// its weight was last decided, under seenPrefix.
var counters = [...]string{attrOK, attrRefused, attrFaults, attrLatencyMS, attrLatencies, attrCost, attrTokens}

const seenPrefix = "seen_"

// What this job writes of a key. Instances read the weight.
const (
	attrWeight    = "weight" // thousandths of the base weight
	attrWeightWhy = "weight_why"
	attrWeightAt  = "weight_at" // ms: when the weight was decided
	// The measures that the weight was decided by, so that a run that finishes
	// another one's work compares the other keys with the same.
	attrSawLatency = "saw_latency_ms"
	attrSawCost    = "saw_cost"   // micro-dollars per thousand tokens
	attrSawFaults  = "saw_faults" // thousandths of the calls
	attrSawCalls   = "saw_calls"
	// attrGroup is the group that the key was last found in, and attrGroupOwner
	// the organisation known then.
	attrGroup      = "group"
	attrGroupOwner = "group_owner"
	attrTriedAt    = "tried_at"  // ms: when the key was last asked for its models
	attrTriedBy    = "tried_by"  // names that one call
	attrTriedWhy   = "tried_why" // what came of it
)

// Of a rest, whether in a record of its own or in that of its quota.
const (
	attrUntil      = "until"
	attrSetAt      = "set_at"
	attrClass      = "class"
	attrWhy        = "why"
	attrQuarantine = "quarantine"
	attrCount      = "count"
	attrProbeUntil = "probe_until"
	attrProbeBy    = "probe_by"
	// attrCarried says, of a group's rest, which state of it was carried here,
	// and of a quota, of which such rest its instances were told.
	attrCarried = "carried"
	attrTTL     = "ttl"
)

// Of a quota.
const (
	attrRequestsAt    = "requests_at"
	attrInputAt       = "input_at"
	attrOutputAt      = "output_at"
	attrRequestsLimit = "requests_limit"
	attrInputLimit    = "input_limit"
	attrOutputLimit   = "output_limit"
	attrBurst         = "burst"    // ms
	attrBurstAt       = "burst_at" // ms: when an unexplained refusal last shrank it
	attrGrownAt       = "grown_at" // ms: when this job last let it grow
	attrVersion       = "version"
	attrHeadersAt     = "headers_at"
	attrSeed          = "seed" // the limits that the admin API last told
)

// Of the pool as a whole.
const (
	attrAt     = "at"     // ms: when the digest was made, or the limits asked for
	attrDigest = "digest" // JSON of a Digest

	digestSort = "digest"
	seedSort   = "seed"
)

const (
	keyPrefix   = "key#"
	restPrefix  = "rest#"
	quotaPrefix = "quota#"

	// fullBurst is the burst of a quota that refused nothing without a reason.
	fullBurst = 54_000
	// keepRest is how long a rest that is over still matters to instances,
	// keepQuota how long the table keeps a quota that nobody uses.
	keepRest  = 24 * time.Hour
	keepQuota = 7 * 24 * time.Hour
)

func partition(pool string) string { return "pool#" + pool }

func keyRecord(pool, key string) store.Key {
	return store.Key{Partition: partition(pool), Sort: keyPrefix + key}
}

func quotaRecord(pool, group, family string) store.Key {
	return store.Key{Partition: partition(pool), Sort: quotaPrefix + group + "#" + family}
}

func restRecord(pool, kind, name, covers string) store.Key {
	return store.Key{Partition: partition(pool), Sort: restPrefix + kind + "#" + name + "#" + covers}
}

// DigestRecord names the record of a pool's digest.
func DigestRecord(pool string) store.Key {
	return store.Key{Partition: partition(pool), Sort: digestSort}
}

// ownerName hides a provider's organisation id as instances do.
func ownerName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "org-" + hex.EncodeToString(sum[:5])
}

// unchanged is the fence of most writes here: the attribute is as it was read.
func unchanged(item store.Item, attrs ...string) store.Cond {
	var all []store.Cond
	for _, attr := range attrs {
		if v, ok := item.Attrs[attr]; ok {
			all = append(all, store.Is(attr, store.EQ, v))
		} else {
			all = append(all, store.Absent(attr))
		}
	}
	return store.All(all...)
}

func flag(b bool) store.Value {
	if b {
		return store.Num(1)
	}
	return store.Num(0)
}

// ttlAfter is when the table may drop a record that matters until ms and for a
// while after, in seconds as DynamoDB wants it.
func ttlAfter(ms int64, keep time.Duration) store.Value {
	return store.Num(ms/1000 + int64(keep/time.Second))
}
