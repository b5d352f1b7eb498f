// Package telemetry describes what happened, once, in plain structs; the ways
// to publish it read from those.
//
// The parts of Fallow that do something make an Event of it: a Request with its
// bookings and attempts, its Content, a Cooldown, a Rebalance, a StoreTrouble. They hand it
// to a Sink and know nothing of logs, metrics and traces. The sinks are
//
//   - Log here, structured log lines, for a server;
//   - package emf, the same lines with metrics in them, for CloudWatch;
//   - package prom, for GET /metrics of a server;
//   - package otlp, traces, off unless an endpoint is set.
//
// Catalogue lists every metric that the sinks make of events. What is published
// must stand in it and the other way round, which tests of both packages check;
// docs/metrics.md is made from it, and dashboards are tested against it.
//
// No event but Content, which a route has to ask for, holds a prompt or an answer,
// and none a secret or a provider's id of an organisation. The names of pools, keys, groups and clients are the operator's
// own, or hashes.
package telemetry
