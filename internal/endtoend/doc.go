// Package endtoend holds the tests that meet Fallow as its users do: the
// built programs, real clients, a simulated provider with true limits, a
// DynamoDB emulator, and things that break in the middle. They take minutes
// and run with `make e2e` (build tag e2e).
package endtoend
