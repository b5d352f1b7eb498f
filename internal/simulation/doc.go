// Package simulation puts the limiter through bad days before a provider does.
//
// It runs the limiter's own code (package pool), not a model of it, in many
// instances that share nothing but a table, against a provider with hidden
// token buckets; and beside it policies that other gateways publish, written
// as plainly as possible, and an oracle that sees every bucket.
//
// All of it is ordinary code that waits through package time. Inside
// testing/synctest time is virtual, so that two hours of traffic take less than
// a second. The traffic of a seed is always the same, and every other draw
// belongs to a request, an instance or a moment. Only the order in which
// goroutines run within one instant is left to chance, so that runs with the
// same seed hardly differ.
//
// What is assumed of the provider follows Anthropic's documentation of its
// rate limits; what is assumed of the table follows DynamoDB's documented
// limits and package store/dynamo's time-outs and repetitions.
package simulation
