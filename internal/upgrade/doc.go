// Package upgrade holds the test that two releases can work on one table: that
// today's code reads what the release before it has written, keeps what it does
// not know, and writes what that release can read.
//
// A deployment moves traffic by steps and may be taken back, so old and new
// instances always share the table for a while.
//
// testdata holds the records of earlier releases, by commit. `make upgrade-test`
// goes further: it takes the earlier release's sources out of git, has them read
// what today's code has written, and renews those records.
package upgrade
