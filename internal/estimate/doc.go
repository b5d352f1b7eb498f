// Package estimate says how many input tokens a request will count against a
// quota before it is sent, and learns from what providers report afterwards.
//
// Measure sizes a request in one pass: bytes by class of content, and tokens
// where a provider's formula gives them. Ratios turns a Size into tokens, by
// what was learned of a model family. Which part of them the provider will read
// from its prompt cache is not guessed: half of such guesses failed, and to expect
// the mean made the pool send more than a quota held (2.4 refusals per 1,000
// requests in simulation). The pool gives back what was read from a cache as soon
// as an answer begins.
//
// Everything aims at the mean. A booking that is wrong by ten percent is put
// right when the request is settled, and errors of many requests cancel out; an
// estimate that is too high on purpose leaves quota unused and makes requests
// wait. Nothing here does I/O.
package estimate
