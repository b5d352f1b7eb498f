package app

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/azure"
	"github.com/fallow-dev/fallow/internal/provider/gemini"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/provider/preset"
)

// known is what there is to know of a provider.
type known struct {
	dialect provider.Dialect
	formula func(model string) estimate.Formula
	prepaid bool // the output asked for counts when a request is admitted
}

// providerOf is the one place that knows all providers. environ is as os.Environ.
func providerOf(p config.Pool, environ []string) (known, error) {
	switch p.Provider {
	case config.ProviderAnthropic:
		return known{dialect: anthropic.New(anthropic.Config{AutoCache: true}), formula: estimate.Anthropic}, nil
	case config.ProviderOpenAI:
		return known{dialect: openai.New(openai.Config{}), formula: estimate.OpenAI, prepaid: true}, nil
	case config.ProviderOpenAICompatible:
		return known{dialect: openai.New(openai.Config{Compatible: true}), formula: estimate.OpenAI, prepaid: true}, nil
	case config.ProviderAzure:
		return known{dialect: azure.New(), formula: estimate.OpenAI, prepaid: true}, nil
	case config.ProviderGemini:
		// Its tokens per minute count the prompt alone (Google docs, rate-limits).
		return known{dialect: gemini.New(), formula: estimate.OpenAI}, nil
	case config.ProviderBedrock, config.ProviderClaudeAWS:
		return awsProvider(p, environ)
	}
	if s, ok := preset.Find(p.Provider); ok {
		return known{dialect: s.Dialect(), formula: estimate.OpenAI, prepaid: s.Prepaid}, nil
	}
	return known{}, fmt.Errorf("provider %q is not known", p.Provider)
}

func baseURL(p config.Pool, d provider.Dialect) string {
	if p.BaseURL != "" {
		return strings.TrimRight(p.BaseURL, "/")
	}
	return d.DefaultBaseURL()
}

const (
	pingAfter   = 15 * time.Second // of silence
	pingTimeout = 5 * time.Second
)

// client makes the HTTP client of one pool. Connections are kept for the next
// request: a TLS handshake costs more than everything else Fallow does.
func client(t config.Timeouts) *http.Client {
	dialer := &net.Dialer{Timeout: t.Connect.D(), KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: unquoting{&http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: t.Connect.D(),
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        512,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     90 * time.Second,
			// A compressed stream arrives in blocks, not in events.
			DisableCompression: true,
			// A connection that died while Lambda froze the process looks alive
			// and would be waited on until the first token is overdue. A ping
			// finds out, also beneath an answer that is long in coming.
			HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		}},
		// A redirect would carry the credential to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
