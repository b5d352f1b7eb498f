// Package otlp exports traces of requests by OTLP over HTTP, in JSON.
//
// A span is made of a request's event when all is over, so tracing adds nothing
// to the request's way but its ids (telemetry.Tracer), which go out to the
// provider in traceparent. There are four kinds of spans: the request, each
// booking, each attempt, and in these the moment of the first token as an event.
//
// It is off unless an endpoint is set, and then configured by OpenTelemetry's
// own environment variables (FromEnv). The SDK of OpenTelemetry lost: linked
// into a program it adds 7.7 MB, most of it gRPC and protocol buffers, which
// start up with the process whether there is a trace or not. What is needed of
// it here, one JSON document posted to one URL, is this package.
package otlp
