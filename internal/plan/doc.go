// Package plan says what a pool of keys would have made of the traffic in a
// log: it lets the limiter itself (package pool) meet the log's requests in
// front of token buckets, in a time that costs nothing to pass.
//
// Package simulation does that too, in tests, where testing/synctest makes the
// time. A command has no such time, and running the limiter by a clock that is
// merely quicker would give other answers on other machines. So every request
// is a coroutine here, one runs at a time, and time goes on when all of them
// wait: see loop. It needs nothing of the limiter but a way to sleep.
package plan
