// Package rebalance is the scheduled job: once a minute it does for the pools
// what no single request can see.
//
// It carries rests over when keys turn out to share a quota group (carry.go),
// lets bursts grow back (burst.go), counts what instances learned of token
// ratios, moves the keys' weights a little (weight.go), asks keys that rest or
// were never used for their models, which is free, and brings them back
// (probe.go), reads limits where it has an admin key (seed.go), and writes down
// how everything stands (digest.go).
//
// Nothing that a request waits for happens here, and nothing breaks if it
// stops: rests end by themselves, weights stay as they are. Steps that decide
// are pure functions of a view of the pool's records; a Runner reads, lets them
// decide, and writes. Every write is conditional on what was read, so two runs
// at once do no harm, and one that broke off is finished by the next.
package rebalance
