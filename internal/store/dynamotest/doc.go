// Package dynamotest runs the DynamoDB-compatible server that the tests use:
// dynoxide, installed below the repository by .ci/install-emulator. Why that
// one is written in docs/dynamodb-emulator.md. Every Start has a process, a
// port and data of its own, so test packages may run at the same time.
package dynamotest
