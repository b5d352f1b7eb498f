package scenarios

import "time"

// Scenario is one morning. The fields are the schema of the files.
type Scenario struct {
	// Name is short, in lower case with dashes; required.
	Name string `yaml:"name" json:"name"`
	// About says what it is, for people; required.
	About string `yaml:"about" json:"about"`
	// Length is how long requests arrive; the last are answered later. Required,
	// at most 24h.
	Length time.Duration `yaml:"length" json:"length_ns"`
	// Provider is the dialect of the simulated provider: anthropic, which is the
	// default, or openai.
	Provider string `yaml:"provider" json:"provider"`
	// Model is what is asked for; empty means claude-sonnet-5 or gpt-5.
	Model string `yaml:"model" json:"model"`
	// Patience is how long a client waits for the end of its answer before it
	// leaves; 0 means ten minutes, the time-out of OpenAI's SDKs.
	Patience time.Duration `yaml:"patience" json:"patience_ns"`
	// WaitBudget is Fallow's: how long a request may wait for room. 0 means 30s,
	// the default of the config document.
	WaitBudget time.Duration `yaml:"wait_budget" json:"wait_budget_ns"`
	// Traffic is what arrives, all of it together; at least one entry.
	Traffic []Traffic `yaml:"traffic" json:"traffic"`
	// Organisations hold the keys and the quotas; at least one.
	Organisations []Organisation `yaml:"organisations" json:"organisations"`
	// OneKey is the quota of the only key that the baselines have; zero means
	// that of the first organisation.
	OneKey Limits `yaml:"one_key" json:"one_key"`
	// Faults are what the provider does wrong.
	Faults []Fault `yaml:"faults" json:"faults,omitempty"`
	// StoreOutages are when Fallow's shared state cannot be reached.
	StoreOutages []Window `yaml:"store_outages" json:"store_outages,omitempty"`
	// Goals are what Fallow is held to; none are needed.
	Goals Goals `yaml:"goals" json:"goals,omitzero"`
}

// Traffic is one kind of requests. Exactly one of Spikes, Steady and Burst is set.
type Traffic struct {
	Spikes *Spikes `yaml:"spikes" json:"spikes,omitempty"`
	Steady *Steady `yaml:"steady" json:"steady,omitempty"`
	Burst  *Burst  `yaml:"burst" json:"burst,omitempty"`
	// Input and Output are the sizes in tokens, Latency how long answers take.
	Input   Input   `yaml:"input" json:"input"`
	Output  Output  `yaml:"output" json:"output"`
	Latency Latency `yaml:"latency" json:"latency"`
	// Threads lets requests share the beginning of their prompt; spikes only.
	Threads Threads `yaml:"threads" json:"threads,omitzero"`
	// Batch marks requests that nobody is waiting for.
	Batch bool `yaml:"batch" json:"batch,omitempty"`
}

// Spikes is a Poisson process whose rate jumps: a team at work.
type Spikes struct {
	// InFlight is how many requests run at once on average during a spike, Idle
	// how many between two.
	InFlight float64 `yaml:"in_flight" json:"in_flight"`
	Idle     float64 `yaml:"idle" json:"idle"`
	// Every is the period; in each the spike begins after First and lasts Lasting.
	Every   time.Duration `yaml:"every" json:"every_ns"`
	First   time.Duration `yaml:"first" json:"first_ns"`
	Lasting time.Duration `yaml:"lasting" json:"lasting_ns"`
	// Spread is the standard deviation of the spikes' heights, as a share.
	Spread float64 `yaml:"spread" json:"spread"`
}

// Steady is a Poisson process of one rate.
type Steady struct {
	PerSecond float64 `yaml:"per_second" json:"per_second"`
}

// Burst is Count requests within a short time, and again after Every.
type Burst struct {
	Count  int           `yaml:"count" json:"count"`
	At     time.Duration `yaml:"at" json:"at_ns"`
	Within time.Duration `yaml:"within" json:"within_ns"`
	// Every is the time between two bursts and Times how many there are; 0 and 1
	// mean that there is one.
	Every time.Duration `yaml:"every" json:"every_ns,omitempty"`
	Times int           `yaml:"times" json:"times,omitempty"`
}

// Input is the size of prompts: log-normal, cut off at Most.
type Input struct {
	Mean float64 `yaml:"mean" json:"mean"`
	// Sigma is the standard deviation of the size's logarithm.
	Sigma float64 `yaml:"sigma" json:"sigma"`
	Most  float64 `yaml:"most" json:"most"`
}

// Output is the size of answers: the longer they take the larger they are.
type Output struct {
	Mean float64 `yaml:"mean" json:"mean"`
}

// Latency is how long the provider takes: log-normal, cut off at Most.
type Latency struct {
	First time.Duration `yaml:"first" json:"first_ns"` // to the first token
	P50   time.Duration `yaml:"p50" json:"p50_ns"`
	P95   time.Duration `yaml:"p95" json:"p95_ns"`
	Most  time.Duration `yaml:"most" json:"most_ns"`
}

// Threads are calls that belong together, such as those of one pull request.
type Threads struct {
	Calls  int           `yaml:"calls" json:"calls"`
	Share  float64       `yaml:"share" json:"share"`
	Within time.Duration `yaml:"within" json:"within_ns"`
}

// Organisation is an owner of keys, which share its quota.
type Organisation struct {
	Keys   int `yaml:"keys" json:"keys"`
	Limits `yaml:",inline"`
}

// Limits are allowances a minute; 0 means none.
type Limits struct {
	Requests     int64 `yaml:"requests" json:"requests"`
	InputTokens  int64 `yaml:"input_tokens" json:"input_tokens"`
	OutputTokens int64 `yaml:"output_tokens" json:"output_tokens"`
}

// Fault is something that the provider does wrong for a while. Its effects are
// those of `fallow simulate`.
type Fault struct {
	Window `yaml:",inline"`
	Effect string `yaml:"effect" json:"effect"`
	// Key narrows it to one key, counted from 1; 0 means all.
	Key int `yaml:"key" json:"key,omitempty"`
	// Probability is the share of the calls that it strikes; 0 means all.
	Probability float64       `yaml:"probability" json:"probability,omitempty"`
	RetryAfter  time.Duration `yaml:"retry_after" json:"retry_after_ns,omitempty"`
	// Factor is what shrink multiplies the limits by.
	Factor float64 `yaml:"factor" json:"factor,omitempty"`
}

// Window is a time of the scenario; For 0 means to the end.
type Window struct {
	At  time.Duration `yaml:"at" json:"at_ns"`
	For time.Duration `yaml:"for" json:"for_ns,omitempty"`
}

// Holds reports whether a moment lies in the window.
func (w Window) Holds(at time.Duration) bool {
	return at >= w.At && (w.For == 0 || at < w.At+w.For)
}

// Keys is how many keys the pool has.
func (s *Scenario) Keys() int {
	n := 0
	for _, o := range s.Organisations {
		n += o.Keys
	}
	return n
}
