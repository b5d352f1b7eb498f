package otlp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/otlp"
)

func environ(lines ...string) func(string) string {
	return func(name string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

const base = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318/"

func TestOff(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"nothing":       nil,
		"no endpoint":   {"OTEL_SERVICE_NAME=x", "OTEL_TRACES_SAMPLER=nonsense"},
		"sdk disabled":  {base, "OTEL_SDK_DISABLED=TRUE"},
		"exporter none": {base, "OTEL_TRACES_EXPORTER=none"},
	} {
		if _, tracer, on, err := otlp.FromEnv(environ(lines...)); on || tracer != nil || err != nil {
			t.Errorf("%s: on %v, tracer %v, %v", name, on, tracer, err)
		}
	}
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	all := telemetry.Tracer{Ratio: 1}
	tests := []struct {
		name     string
		lines    []string
		endpoint string
		tracer   telemetry.Tracer
	}{
		{"base URL", []string{base}, "http://127.0.0.1:4318/v1/traces", all},
		{"own URL", []string{base, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://c/x"}, "https://c/x", all},
		{"all", []string{base, "OTEL_TRACES_SAMPLER=always_on"}, "http://127.0.0.1:4318/v1/traces", telemetry.Tracer{Ratio: 1, Always: true}},
		{"none", []string{base, "OTEL_TRACES_SAMPLER=always_off"}, "http://127.0.0.1:4318/v1/traces", telemetry.Tracer{Always: true}},
		{"ratio", []string{base, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.1"}, "http://127.0.0.1:4318/v1/traces", telemetry.Tracer{Ratio: 0.1}},
		{"ratio without a figure", []string{base, "OTEL_TRACES_SAMPLER=traceidratio"}, "http://127.0.0.1:4318/v1/traces", telemetry.Tracer{Ratio: 1, Always: true}},
		{"only the parent's", []string{base, "OTEL_TRACES_SAMPLER=parentbased_always_off"}, "http://127.0.0.1:4318/v1/traces", telemetry.Tracer{}},
		{"the other form over HTTP", []string{base, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"}, "http://127.0.0.1:4318/v1/traces", all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, tracer, on, err := otlp.FromEnv(environ(tt.lines...))
			if err != nil || !on || cfg.Endpoint != tt.endpoint || *tracer != tt.tracer {
				t.Errorf("on %v, endpoint %q, tracer %+v, %v", on, cfg.Endpoint, tracer, err)
			}
		})
	}
}

func TestRestOfTheEnvironment(t *testing.T) {
	t.Parallel()
	cfg, _, _, err := otlp.FromEnv(environ(base, "OTEL_SERVICE_NAME=gw", "OTEL_RESOURCE_ATTRIBUTES= team=a%20b ,,env=prod",
		"OTEL_EXPORTER_OTLP_HEADERS=x-api-key=general", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=api-key=own%3D,x-other=2", "OTEL_EXPORTER_OTLP_TIMEOUT=2500"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, value := range cfg.Headers {
		got[name] = value.Reveal()
	}
	if diff := cmp.Diff(map[string]string{"Api-Key": "own=", "X-Other": "2"}, got); diff != "" {
		t.Errorf("headers differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"team": "a b", "env": "prod"}, cfg.Attributes); diff != "" {
		t.Errorf("attributes differ (-want +got):\n%s", diff)
	}
	if cfg.Service != "gw" || cfg.Timeout != 2500*time.Millisecond {
		t.Errorf("service %q, timeout %s", cfg.Service, cfg.Timeout)
	}
}

// TestRefuses: what is wrong is named, and no value repeated: each may be a key.
func TestRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		says  []string
	}{
		{"no URL", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=planted:4318"}, []string{"ENDPOINT"}},
		{"no host", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=planted"}, []string{"ENDPOINT"}},
		{"gRPC", []string{base, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, []string{"PROTOCOL", "4318"}},
		{"header without a value", []string{base, "OTEL_EXPORTER_OTLP_HEADERS=a=b,planted"}, []string{"HEADERS", "entry 2"}},
		{"header without a name", []string{base, "OTEL_EXPORTER_OTLP_HEADERS==planted"}, []string{"HEADERS", "entry 1"}},
		{"header that breaks the line", []string{base, "OTEL_EXPORTER_OTLP_HEADERS=a=planted%0d%0ab"}, []string{"HEADERS"}},
		{"header with a broken escape", []string{base, "OTEL_EXPORTER_OTLP_HEADERS=a=planted%"}, []string{"HEADERS"}},
		{"attributes", []string{base, "OTEL_RESOURCE_ATTRIBUTES=planted"}, []string{"OTEL_RESOURCE_ATTRIBUTES"}},
		{"sampler", []string{base, "OTEL_TRACES_SAMPLER=planted"}, []string{"OTEL_TRACES_SAMPLER", "always_on"}},
		{"ratio", []string{base, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=NaN"}, []string{"0 to 1"}},
		{"all at once", []string{base, "OTEL_TRACES_SAMPLER=planted", "OTEL_EXPORTER_OTLP_PROTOCOL=planted"}, []string{"SAMPLER", "PROTOCOL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, on, err := otlp.FromEnv(environ(tt.lines...))
			if err == nil || on {
				t.Fatal("was taken")
			}
			for _, says := range tt.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%v does not say %q", err, says)
				}
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("a value is repeated: %v", err)
			}
		})
	}
}

func FuzzFromEnv(f *testing.F) {
	f.Add("http://127.0.0.1:4318", "a=b,c=%20", "traceidratio", "0.5")
	f.Add("x", "=", "parentbased_", "-1")
	f.Fuzz(func(t *testing.T, endpoint, headers, sampler, arg string) {
		cfg, tracer, on, err := otlp.FromEnv(environ("OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_EXPORTER_OTLP_HEADERS="+headers,
			"OTEL_TRACES_SAMPLER="+sampler, "OTEL_TRACES_SAMPLER_ARG="+arg))
		if on != (err == nil && cfg.Endpoint != "") || on != (tracer != nil) {
			t.Errorf("on %v with endpoint %q, tracer %v, %v", on, cfg.Endpoint, tracer, err)
		}
		if on && !(tracer.Ratio >= 0 && tracer.Ratio <= 1) {
			t.Errorf("ratio %v", tracer.Ratio)
		}
	})
}
