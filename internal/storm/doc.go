// Package storm drives a scenario against gateways over real HTTP, and measures
// what their clients, and the provider behind them, saw of it.
//
// Every contestant has a simulated provider of its own with true token buckets,
// made from the same seed, so that all meet the same morning: the same requests
// at the same moments, each of them with the same size and the same time to its
// answer, whoever sends it and when. Requests leave when they are due and not
// when an earlier one is answered (an open loop), and their times count from
// then: a gateway that makes its clients wait cannot hide it.
//
// What is waited for, refused and used is seen at the provider, in the same way
// for all contestants; nothing relies on what a gateway says of itself.
//
// Beside them stands the ideal, a queue that sees every bucket, computed in
// virtual time from the same requests; and Fallow is held to the goals that the
// scenario states.
package storm
