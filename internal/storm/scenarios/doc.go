// Package scenarios describes the mornings that a storm can be: who asks, what
// the provider allows, and what goes wrong when. The ready ones are the YAML
// files beside this text; anybody can write another.
//
// All times in a scenario are its own. What they are on the clock is the
// storm's business, which may compress them.
package scenarios
