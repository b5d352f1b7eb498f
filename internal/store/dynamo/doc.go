// Package dynamo keeps a store.Table in a DynamoDB table.
//
// A Change becomes one UpdateItem whose expressions read like the Change:
//
//	SET #cool_until = :cool_until, #reason = :reason
//	IF  attribute_not_exists(#cool_until) OR #cool_until < :cool_until
//
// and a Query one strongly consistent Query. Timeouts and repetitions are
// decided here and not by the SDK, whose defaults (three attempts, no timeout
// of an attempt) would make a request of ours wait for seconds when DynamoDB
// is slow, and would make an OpAdd twice.
package dynamo
