package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/fallow-dev/fallow/internal/storm"
)

// contestants are those that the flags name, Fallow last.
func (c *stormCmd) contestants(t *terminal) ([]storm.Contestant, error) {
	token, err := c.token(t)
	if err != nil {
		return nil, err
	}
	headers, err := c.headers()
	if err != nil {
		return nil, err
	}
	all, err := c.baselines()
	if err != nil {
		return nil, err
	}
	peers, err := c.peers(token, headers)
	if err != nil {
		return nil, err
	}
	all = append(all, peers...)
	if c.Target != "" {
		target, err := baseURL(c.Target)
		return append(all, storm.Target(target, token, headers["target"])), err
	}
	own, err := c.fallow(t)
	return append(all, own), err
}

func (c *stormCmd) token(t *terminal) (string, error) {
	if c.Key == "" {
		return "", nil
	}
	for _, line := range t.environ {
		if value, ok := strings.CutPrefix(line, c.Key+"="); ok && value != "" {
			return value, nil
		}
	}
	return "", fmt.Errorf("--key names the variable %s, which is not set", c.Key)
}

func (c *stormCmd) baselines() ([]storm.Contestant, error) {
	var all []storm.Contestant
	for _, name := range c.Baseline {
		switch name {
		case "one-key":
			all = append(all, storm.OneKey())
		case "queue":
			all = append(all, storm.Queue())
		case "none":
			return nil, nil
		default:
			return nil, fmt.Errorf("--baseline %q: want one-key, queue or none", name)
		}
	}
	return all, nil
}

func (c *stormCmd) peers(token string, headers map[string]http.Header) ([]storm.Contestant, error) {
	var all []storm.Contestant
	addr := c.Provider
	for _, text := range c.Peer {
		name, where, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--peer %q: want NAME=URL", text)
		}
		at, err := baseURL(where)
		if err != nil {
			return nil, fmt.Errorf("--peer %s: %w", name, err)
		}
		all = append(all, storm.Peer(name, at, token, headers[name], addr))
		if addr, err = nextPort(addr); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *stormCmd) fallow(t *terminal) (storm.Contestant, error) {
	logs := io.Discard
	if c.Verbose {
		logs = t.stderr
	}
	if c.Environments == 0 {
		return storm.Fallow(slog.New(slog.NewTextHandler(logs, nil))), nil
	}
	if c.Environments < 0 || c.Environments > 1000 {
		return storm.Contestant{}, fmt.Errorf("--environments %d is not between 1 and 1000", c.Environments)
	}
	function := c.Function
	if function == "" {
		function = filepath.Join("bin", "lambda-"+runtime.GOARCH, "gateway", "bootstrap")
	}
	if _, err := os.Stat(function); err != nil {
		return storm.Contestant{}, fmt.Errorf("--environments needs the gateway function: %w; build it with `make build-lambda LAMBDA_ARCH=%s LAMBDA_DIR=bin/lambda-%[2]s`, or name it with --function", err, runtime.GOARCH)
	}
	return storm.Fleet(storm.FleetConfig{
		Environments: c.Environments, Function: function, DynamoDB: c.DynamoDB, Log: logs,
		Emulator: filepath.Join(".tools", "dynoxide", "bin", "dynoxide"),
	}), nil
}

// headers are those of --header, by contestant.
func (c *stormCmd) headers() (map[string]http.Header, error) {
	all := map[string]http.Header{}
	for _, text := range c.Header {
		name, rest, ok := strings.Cut(text, "=")
		header, value, colon := strings.Cut(rest, ":")
		if !ok || !colon || name == "" || header == "" {
			return nil, fmt.Errorf("--header %q: want NAME=HEADER:VALUE", text)
		}
		value = strings.TrimSpace(value)
		if path, file := strings.CutPrefix(value, "@"); file {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("--header %s: %w", name, err)
			}
			value = strings.Join(strings.Fields(string(data)), " ")
		}
		if all[name] == nil {
			all[name] = http.Header{}
		}
		all[name].Add(header, value)
	}
	return all, nil
}

// baseURL takes the URL with or without /v1 at its end.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is not an http or https URL", text)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "/"), "/v1"), nil
}
