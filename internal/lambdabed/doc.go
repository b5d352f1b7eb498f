// Package lambdabed runs a Lambda function on one machine as Lambda would: a
// front that acts as the function URL, the Runtime API behind it, and one
// process per execution environment, each serving one request at a time.
//
// It exists because what makes a gateway on Lambda hard is what emulators leave
// out: forty requests meet forty processes that share no memory; a process is
// frozen between two invocations; a stream's head cannot be taken back; the
// function does not learn that its client hung up. AWS's own emulator buffers
// streams and serves one request at a time.
//
// What is like Lambda: payload version 2.0 with its base64 rule, cold starts
// and last-in-first-out reuse, the 429 at the concurrency limit, freezing (from
// the runtime's next poll to the next invocation), request and response limits,
// deadlines that kill, error trailers, SIGTERM only for those who registered an
// extension; and, where control groups can be written, the share of a processor
// that comes with a memory size. What is not: the 2 MB/s limit of long streams,
// IAM, an end for want of memory.
//
// Only loopback addresses are used. The deadlines are real time, since the
// function's process has no other.
package lambdabed
