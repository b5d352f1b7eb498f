package records

// Attributes of a key. Instances add to the counters and never lower them; one
// that is absent means that nobody counts it. The job writes the weight, and no
// attribute is set by both but the owner, which is the same for all.
const (
	AttrOwner     = "owner"         // hashed organisation behind the key, once learned
	AttrOK        = "ok"            // requests that the provider took
	AttrRefused   = "refused"       // refusals that count against the key or its group
	AttrFaults    = "faults"        // faults of the provider's own: 5xx, overload, time-outs, broken streams
	AttrLatencyMS = "latency_ms"    // sum of the times to the first content, of requests that had any
	AttrLatencies = "latency_count" // how many requests that sum is of
	AttrCost      = "cost_microusd" // sum of what the answers cost, in millionths of a dollar
	AttrTokens    = "cost_tokens"   // input and output tokens that this bought
	AttrInput     = "input_tokens"  // not read from the provider's cache
	AttrCacheRead = "cache_read_tokens"
	AttrHeadroom  = "headroom"    // thousandths of its tightest limit still free
	AttrHeadAt    = "headroom_at" // ms: when that was read
	AttrError     = "last_error"
	AttrErrorAt   = "last_error_at"

	AttrWeight    = "weight" // thousandths of the base weight
	AttrWeightWhy = "weight_why"
	AttrWeightAt  = "weight_at" // ms: when the weight was decided
	// SeenPrefix begins the attributes that remember where each counter stood
	// when the weight was last decided.
	SeenPrefix = "seen_"
	// The measures that the weight was decided by, so that a run of the job that
	// finishes another one's work compares the other keys with the same.
	AttrSawLatency = "saw_latency_ms"
	AttrSawCost    = "saw_cost"   // micro-dollars per thousand tokens
	AttrSawFaults  = "saw_faults" // thousandths of the calls
	AttrSawCalls   = "saw_calls"
	// AttrGroup is the group that the key was last found in, and AttrGroupOwner
	// the organisation known then.
	AttrGroup      = "group"
	AttrGroupOwner = "group_owner"
	AttrTriedAt    = "tried_at"  // ms: when the key was last asked for its models
	AttrTriedBy    = "tried_by"  // names that one call
	AttrTriedWhy   = "tried_why" // what came of it
)

// Attributes of a rest, whether in a record of its own or in that of its quota;
// see Rest.
const (
	AttrUntil      = "until"
	AttrSetAt      = "set_at"
	AttrClass      = "class"
	AttrWhy        = "why"
	AttrQuarantine = "quarantine"
	AttrCount      = "count"
	AttrProbeUntil = "probe_until"
	AttrProbeBy    = "probe_by"
	// AttrCarried says, of a group's rest, which state of it was carried here,
	// and of a quota, of which such rest its instances were told.
	AttrCarried = "carried"
)

// Attributes of a quota.
const (
	// Theoretical arrival times, ms: by when all that was booked is refilled.
	AttrRequestsAt = "requests_at"
	AttrInputAt    = "input_at"
	AttrOutputAt   = "output_at"
	// AttrBatchAt is the arrival time of the batch requests that wait for room:
	// one after the other, as fast as the quota refills.
	AttrBatchAt = "batch_at"
	// Limits per minute.
	AttrRequestsLimit = "requests_limit"
	AttrInputLimit    = "input_limit"
	AttrOutputLimit   = "output_limit"
	AttrBurst         = "burst"    // ms of refill
	AttrBurstAt       = "burst_at" // ms: when an unexplained refusal last shrank it
	AttrGrownAt       = "grown_at" // ms: when the job last let it grow
	AttrVersion       = "version"  // changes with whatever a reservation was priced by
	AttrHeadersAt     = "headers_at"
	AttrBooked        = "booked" // counts reservations
	AttrSeed          = "seed"   // the limits that the admin API last told
)

// Attributes of the job's own records, which are its digest and when it last
// asked for limits, and of any.
const (
	AttrAt     = "at"     // ms: when the digest was made, or the limits asked for
	AttrDigest = "digest" // JSON of a digest
	AttrTTL    = "ttl"    // see TTL; only cleanliness depends on it
)
