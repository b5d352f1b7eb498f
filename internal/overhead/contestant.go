package overhead

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"text/template"
)

// Contestant is a gateway, or what stands in its place.
type Contestant struct {
	// Name is that of its column.
	Name string
	// Version is what was measured; empty where there is no more to say.
	Version string
	// Program is how to run it; nil means that requests go to the upstream itself.
	Program func(Place) (Program, error)
}

// Place is where a contestant stands.
type Place struct {
	// Addr is where to listen.
	Addr string
	// Upstream is the base URL of the provider, without /v1.
	Upstream string
	// Dir is a directory of its own.
	Dir string
}

// Program is a command that serves.
type Program struct {
	// Args is the command, with the full path of the program.
	Args []string
	// Env is added to the environment, as NAME=VALUE.
	Env []string
	// Target is where it will take requests.
	Target Target
}

// write fills a template in with the place and writes it to a file there.
func (p Place) write(name, text string) (path string, err error) {
	var b bytes.Buffer
	if err := template.Must(template.New(name).Parse(text)).Execute(&b, p); err != nil {
		return "", err
	}
	path = filepath.Join(p.Dir, name)
	return path, os.WriteFile(path, b.Bytes(), 0o600)
}

// to is where requests with a client key go.
func (p Place) to(header ...string) Target {
	h := http.Header{"Authorization": {"Bearer " + clientKey}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return Target{p.Addr, h}
}

// clientKey is what clients show to a gateway, or to the upstream, which takes any.
const clientKey = "sk-bench"

// Direct has no gateway at all.
func Direct() Contestant { return Contestant{Name: Reference} }

// The contestants that others are held to.
const (
	Reference = "direct"
	BareProxy = "go-proxy"
	Own       = "fallow"
)

// GoProxy is Proxy, in a process of its own: "self proxy" must run it.
func GoProxy(self string) Contestant {
	return Contestant{Name: BareProxy, Program: func(p Place) (Program, error) {
		return Program{Args: []string{self, "proxy", "--listen", p.Addr, "--upstream", p.Upstream}, Target: p.to()}, nil
	}}
}

// Fallow is the server mode, by its binary: a client key, a pool of four keys,
// the state in memory, a log line for each request.
func Fallow(binary, version string) Contestant {
	return Contestant{Name: Own, Version: version, Program: func(p Place) (Program, error) {
		file, err := p.write("fallow.yaml", fallowConfig)
		return Program{
			Args:   []string{binary, "serve", "--config", file, "--listen", p.Addr, "--log-json"},
			Env:    []string{"BENCH_CLIENT=" + clientKey, "BENCH_KEY_1=k1", "BENCH_KEY_2=k2", "BENCH_KEY_3=k3", "BENCH_KEY_4=k4"},
			Target: p.to(),
		}, err
	}}
}

const fallowConfig = `version: 1
pools:
  main:
    provider: openai-compatible
    base_url: {{.Upstream}}/v1
    keys:
      - {name: key-1, secret: "env:BENCH_KEY_1"}
      - {name: key-2, secret: "env:BENCH_KEY_2"}
      - {name: key-3, secret: "env:BENCH_KEY_3"}
      - {name: key-4, secret: "env:BENCH_KEY_4"}
models:
  "*": {targets: [{pool: main}]}
clients:
  auth: tokens
  tokens:
    - {name: bench, secret: "env:BENCH_CLIENT"}
`

// With adds to the environment of its program.
func (c Contestant) With(env ...string) Contestant {
	program := c.Program
	c.Program = func(p Place) (Program, error) {
		made, err := program(p)
		made.Env = append(made.Env, env...)
		return made, err
	}
	return c
}

// Nginx is a reverse proxy with a worker for each processor that keeps its
// connections, buffers no answers and writes an access log.
func Nginx(binary, version string) Contestant {
	return Contestant{Name: "nginx", Version: version, Program: func(p Place) (Program, error) {
		file, err := p.write("nginx.conf", nginxConfig)
		return Program{Args: []string{binary, "-p", p.Dir, "-e", "stderr", "-c", file}, Target: p.to()}, err
	}}
}

// Host is the upstream's host and port.
func (p Place) Host() string { return p.Upstream[len("http://"):] }

const nginxConfig = `daemon off;
worker_processes auto;
pid {{.Dir}}/nginx.pid;
user root root; # for its directory, which is the user's own; without effect unless root runs it
events { worker_connections 2048; }
http {
  access_log {{.Dir}}/access.log;
  client_body_temp_path {{.Dir}}/body;
  proxy_temp_path {{.Dir}}/proxy;
  fastcgi_temp_path {{.Dir}}/fastcgi;
  uwsgi_temp_path {{.Dir}}/uwsgi;
  scgi_temp_path {{.Dir}}/scgi;
  client_body_buffer_size 256k;
  keepalive_requests 1000000;
  upstream provider { server {{.Host}}; keepalive 256; keepalive_requests 1000000; }
  server {
    listen {{.Addr}};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`

// LiteLLM is its proxy with as many worker processes as there are processors,
// which is what its documentation asks for in production.
func LiteLLM(binary, version string, workers int) Contestant {
	return Contestant{Name: "litellm", Version: version, Program: func(p Place) (Program, error) {
		file, err := p.write("litellm.yaml", litellmConfig)
		host, port, _ := net.SplitHostPort(p.Addr)
		return Program{
			Args:   []string{binary, "--config", file, "--host", host, "--port", port, "--num_workers", fmt.Sprint(workers)},
			Env:    []string{"LITELLM_LOG=ERROR", "LITELLM_MODE=PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP=True", "DISABLE_SCHEMA_UPDATE=true"},
			Target: p.to(),
		}, err
	}}
}

const litellmConfig = `model_list:
  - {model_name: bench, litellm_params: {model: openai/bench, api_base: "{{.Upstream}}/v1", api_key: k1}}
litellm_settings: {request_timeout: 600, set_verbose: false, telemetry: false}
general_settings: {master_key: ` + clientKey + `}
`

// Portkey is its gateway, by a version of Node. It listens on all interfaces and
// has no option for that, so a preload tells Node otherwise; nothing of the
// package is changed.
func Portkey(node, preload, server, version string) Contestant {
	return Contestant{Name: "portkey", Version: version, Program: func(p Place) (Program, error) {
		_, port, err := net.SplitHostPort(p.Addr)
		return Program{
			Args:   []string{node, "--require", preload, server, "--port=" + port, "--headless"},
			Env:    []string{"NODE_ENV=production"},
			Target: p.to("X-Portkey-Provider", "openai", "X-Portkey-Custom-Host", p.Upstream+"/v1"),
		}, err
	}}
}
