// Package dashboard says what people look at: the CloudWatch dashboard of the
// stack, the Grafana dashboard for servers, and a picture of the first.
//
// Both dashboards are generated, because written by hand they drift: a metric
// that is renamed leaves an empty graph that nobody notices until it is needed.
// `make dashboard` writes them into template.yaml and docs/grafana; a test fails
// when what stands there is not what this package makes, and others hold every
// name in them against telemetry.Catalogue.
package dashboard
