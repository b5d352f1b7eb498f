package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
)

// simulateCmd serves a simulated provider until it is interrupted.
type simulateCmd struct {
	Listen string `default:"127.0.0.1:9090" help:"Loopback address to serve on; port 0 takes a free one."`
	Seed   uint64 `default:"1" help:"Decides latencies, chances and ids: the same seed and requests give the same results."`

	Organisations       int `default:"1" help:"How many organisations there are, each with quotas of its own."`
	KeysPerOrganisation int `default:"4" help:"How many keys each has. They share its quotas, as real ones do."`

	RPM  int64 `name:"rpm" default:"5000" help:"Requests per minute for each organisation and model family; 0 is no limit."`
	ITPM int64 `name:"itpm" default:"5000000" help:"Input tokens per minute, cache reads not counted."`
	OTPM int64 `name:"otpm" default:"1000000" help:"Output tokens per minute. The OpenAI dialect counts itpm and otpm as one."`

	LatencyP50    time.Duration `name:"latency-p50" default:"0s" help:"Median time of a whole answer, such as 11s; 0s is at once."`
	LatencyP95    time.Duration `name:"latency-p95" default:"0s" help:"What 19 of 20 answers stay below."`
	FirstTokenP50 time.Duration `name:"first-token-p50" default:"0s" help:"Median time until the first content."`
	FirstTokenP95 time.Duration `name:"first-token-p95" default:"0s" help:"What 19 of 20 first contents stay below."`
	AnswerTokens  int           `default:"60" help:"Usual size of an answer in words."`
	MaxInFlight   int           `default:"0" help:"Requests that each organisation may have running at once; 0 is no limit."`
	Models        []string      `help:"Patterns of model names to serve beside the known ones, such as 'llama-*'."`
}

// Help is what --help shows above the flags.
func (simulateCmd) Help() string {
	return `Serves a provider that costs nothing and needs no key, for trying Fallow out
and for load tests. It speaks Anthropic's Messages and OpenAI's Chat
Completions, streamed or not, has true token buckets behind its keys (429 with
retry-after and all rate-limit headers), calls the tools it is given, and
judges requests as strictly as the real API.

Things go wrong on demand while it runs:

  curl -X POST  URL/_sim/faults -d '{"effect":"stuck","key":"sim-key-1","for":"20m"}'
  curl -X POST  URL/_sim/faults -d '{"effect":"overloaded","probability":0.6,"for":"60s"}'
  curl -X DELETE URL/_sim/faults        ends all faults
  curl          URL/_sim/stats          what each key and organisation saw
  curl -X POST  URL/_sim/reset          full quotas, no faults, counts at zero

Effects: stuck, ramp, concurrency, spend_cap, own_limit, billing, low_credit,
hold, revoked, forbidden, overloaded, server_error, unavailable, timeout,
too_large_page, cut, slow, stream_error, stall, stream_cut, stream_end, shrink.
Fields: effect, key, organisation, model, probability, for, from_first_hit,
count, retry_after, chunks, delay, factor, message.`
}

// Validate refuses numbers that make no provider.
func (c *simulateCmd) Validate() error {
	if c.Organisations < 1 || c.KeysPerOrganisation < 1 || c.Organisations*c.KeysPerOrganisation > 100_000 {
		return fmt.Errorf("--organisations and --keys-per-organisation must be at least 1, and not over 100,000 keys in all")
	}
	if min(c.RPM, c.ITPM, c.OTPM, int64(c.MaxInFlight), int64(c.AnswerTokens)) < 0 {
		return fmt.Errorf("limits and sizes must not be negative")
	}
	if min(c.LatencyP50, c.LatencyP95, c.FirstTokenP50, c.FirstTokenP95) < 0 {
		return fmt.Errorf("latencies must not be negative")
	}
	return nil
}

// Run serves until the context ends.
func (c *simulateCmd) Run(t *terminal) error {
	cfg := c.config()
	s, err := simprovider.Start(t.ctx, cfg, c.Listen)
	if err != nil {
		return err
	}
	c.announce(t.stdout, s.URL(), cfg)
	<-s.Done()
	return s.Close()
}

func (c *simulateCmd) config() simprovider.Config {
	limits := simprovider.Limits{Requests: c.RPM, InputTokens: c.ITPM, OutputTokens: c.OTPM}
	if c.ITPM > 0 && c.OTPM > 0 { // a sum with no limit is no limit
		limits.Tokens = c.ITPM + c.OTPM
	}
	orgs := simprovider.Organisations(c.Organisations, c.KeysPerOrganisation, limits)
	for i := range orgs {
		orgs[i].MaxInFlight = c.MaxInFlight
	}
	return simprovider.Config{
		Organisations: orgs,
		Latency: simprovider.Latency{
			FirstToken: simprovider.Spread{P50: c.FirstTokenP50, P95: c.FirstTokenP95},
			Total:      simprovider.Spread{P50: c.LatencyP50, P95: c.LatencyP95},
		},
		AnswerTokens: c.AnswerTokens,
		Models:       c.Models,
		Seed:         c.Seed,
	}
}

// shown is how many organisations are listed before the rest is summed up.
const shown = 10

func (c *simulateCmd) announce(w io.Writer, url string, cfg simprovider.Config) {
	fmt.Fprintf(w, "A simulated provider listens.\n\n")
	fmt.Fprintf(w, "  ANTHROPIC_BASE_URL=%s\n  OPENAI_BASE_URL=%s/v1\n  control: %s/_sim/stats\n\n", url, url, url)
	fmt.Fprintf(w, "It accepts these keys, which are made up and work nowhere else:\n\n")
	for i, o := range cfg.Organisations {
		if i == shown {
			fmt.Fprintf(w, "  and so on, %d organisations in all\n", len(cfg.Organisations))
			break
		}
		fmt.Fprintf(w, "  %s: %s\n", o.Name, list(o.Keys))
	}
	fmt.Fprintf(w, `
Try it:

  curl %s/v1/messages -H 'x-api-key: sim-key-1' -H 'anthropic-version: 2023-06-01' \
    -d '{"model":"claude-sonnet-5","max_tokens":200,"messages":[{"role":"user","content":"Review this."}]}'

Stop it with Ctrl-C.
`, url)
}

// list joins keys, leaving out the middle of many.
func list(keys []string) string {
	if len(keys) > shown {
		return strings.Join(keys[:2], ", ") + " … " + keys[len(keys)-1]
	}
	return strings.Join(keys, ", ")
}
