package config

import "time"

// The values of Pool.Provider, Clients.Auth, Revisions.Source,
// Route.Unsupported, and of Route.Priority and Token.Priority.
const (
	ProviderAnthropic        = "anthropic"
	ProviderOpenAI           = "openai"
	ProviderOpenAICompatible = "openai-compatible"
	ProviderAzure            = "azure"
	ProviderGemini           = "gemini"
	ProviderBedrock          = "bedrock"
	ProviderClaudeAWS        = "claude-aws"

	AuthTokens = "tokens"
	AuthNone   = "none"

	SourceFile  = "file"
	SourceTable = "table"

	UnsupportedDrop   = "drop"
	UnsupportedReject = "reject"

	PriorityInteractive = "interactive"
	PriorityBatch       = "batch"
)

// maxTotal is the longest that a Lambda invocation can last.
const maxTotal = Duration(15 * time.Minute)

// The bounds of Limits.BodyBytes: a request of some use, and the largest that
// a provider takes (Anthropic docs, api/errors: 32 MB for Messages).
const (
	minBodyBytes = 1 << 10
	maxBodyBytes = 32_000_000
)

// maxWeight bounds Key.Weight. Weights are ratios; beyond this one is a typo.
const maxWeight = 1000

// maxPerMinute bounds QuotaLimits. No provider allows a thousandth of it, and
// the arithmetic of bookings has its bound not far above.
const maxPerMinute = 1_000_000_000_000

// The bounds of RouteLog's: below, nobody could tell what was said; above, two of
// them and what JSON makes of them would not fit into an event of CloudWatch Logs
// (AWS docs, "CloudWatch Logs quotas": 1 MB).
const (
	minLogBytes = 64
	maxLogBytes = 64 << 10
)

// defaulter fills in what a document need not say. It runs before the
// document is read into the value, so that a zero somebody wrote stays a zero
// and can be refused.
type defaulter interface{ setDefaults() }

var _, _, _, _, _ defaulter = (*Config)(nil), (*Pool)(nil), (*Key)(nil), (*Timeouts)(nil), (*RouteLog)(nil)

func (c *Config) setDefaults() { c.Limits.BodyBytes = 6 << 20 }

func (p *Pool) setDefaults() {
	p.WaitBudget = Duration(30 * time.Second)
	p.Timeouts.setDefaults()
}

func (l *RouteLog) setDefaults() {
	*l = RouteLog{PromptBytes: 16 << 10, AnswerBytes: 16 << 10, Share: 1}
}

func (k *Key) setDefaults() { k.Weight = 1 }

func (t *Timeouts) setDefaults() {
	*t = Timeouts{
		Connect:    Duration(5 * time.Second),
		FirstToken: Duration(time.Minute),
		Idle:       Duration(time.Minute),
		Total:      Duration(14 * time.Minute),
	}
}
