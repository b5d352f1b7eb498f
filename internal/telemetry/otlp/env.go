package otlp

import (
	"cmp"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// FromEnv reads OpenTelemetry's environment variables (OpenTelemetry
// specification, "Environment Variable Specification" and "OTLP Exporter
// Configuration"). on is false, and nothing else is looked at, when none names
// an endpoint; the error then is nil. No error repeats a value: headers and
// endpoints may hold keys.
func FromEnv(getenv func(string) string) (cfg Config, tracer *telemetry.Tracer, on bool, err error) {
	endpoint := endpoint(getenv)
	off := strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none"
	if endpoint == "" || off {
		return Config{}, nil, false, nil
	}
	cfg = Config{Endpoint: endpoint, Service: getenv("OTEL_SERVICE_NAME")}
	var faults [5]error
	faults[0] = checkEndpoint(endpoint)
	faults[1] = checkProtocol(ofTraces(getenv, "PROTOCOL"))
	cfg.Headers, faults[2] = headers(ofTraces(getenv, "HEADERS"))
	cfg.Attributes, faults[3] = pairs("OTEL_RESOURCE_ATTRIBUTES", getenv("OTEL_RESOURCE_ATTRIBUTES"))
	tracer, faults[4] = sampler(getenv("OTEL_TRACES_SAMPLER"), getenv("OTEL_TRACES_SAMPLER_ARG"))
	if ms, err := strconv.Atoi(ofTraces(getenv, "TIMEOUT")); err == nil && ms > 0 {
		cfg.Timeout = time.Duration(ms) * time.Millisecond
	}
	if err := errors.Join(faults[:]...); err != nil {
		return Config{}, nil, false, err
	}
	return cfg, tracer, true, nil
}

// ofTraces reads a variable of the exporter; its form for traces alone wins.
func ofTraces(getenv func(string) string, name string) string {
	return cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), getenv("OTEL_EXPORTER_OTLP_"+name))
}

// endpoint: the general one is a base URL, that for traces is taken as it is.
func endpoint(getenv func(string) string) string {
	if own := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); own != "" {
		return own
	}
	base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/v1/traces"
}

func checkEndpoint(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no URL: write it as http://127.0.0.1:4318")
	}
	return nil
}

// checkProtocol lets pass what says HTTP: who takes OTLP over HTTP takes both
// of its forms.
func checkProtocol(s string) error {
	switch s {
	case "", "http/json", "http/protobuf":
		return nil
	}
	return errors.New("OTEL_EXPORTER_OTLP_PROTOCOL names a protocol that is not spoken here: use http/json, whose port is 4318 as a rule")
}

func headers(s string) (map[string]secret.Value, error) {
	found, err := pairs("OTEL_EXPORTER_OTLP_HEADERS", s)
	if err != nil {
		return nil, err
	}
	out := map[string]secret.Value{}
	for name, value := range found {
		out[textproto.CanonicalMIMEHeaderKey(name)] = secret.New(value)
	}
	return out, nil
}

// pairs reads "name=value,name=value", values percent-encoded.
func pairs(variable, s string) (map[string]string, error) {
	found := map[string]string{}
	for i, pair := range strings.Split(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		text, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || name == "" || err != nil || strings.ContainsAny(name+text, "\r\n") {
			return nil, fmt.Errorf("%s: entry %d is not of the form name=value", variable, i+1)
		}
		found[name] = text
	}
	return found, nil
}

// sampler reads the samplers that the specification names.
func sampler(name, arg string) (*telemetry.Tracer, error) {
	base, byParent := strings.CutPrefix(cmp.Or(name, "parentbased_always_on"), "parentbased_")
	t := &telemetry.Tracer{Always: !byParent}
	switch base {
	case "always_on":
		t.Ratio = 1
	case "always_off":
	case "traceidratio":
		ratio, err := strconv.ParseFloat(cmp.Or(arg, "1"), 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			return nil, errors.New("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1")
		}
		t.Ratio = ratio
	default:
		return nil, errors.New("OTEL_TRACES_SAMPLER is not known: use always_on, always_off or traceidratio, or one of them after parentbased_")
	}
	return t, nil
}
