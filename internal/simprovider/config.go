package simprovider

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// Fault is one thing that goes wrong; its effects are named in package fault.
type Fault = fault.Fault

// Limits are allowances per minute; zero in a field means no such limit.
type Limits = quota.Limits

// Config is what a Provider is made of. The zero Config has one organisation
// with the keys sim-key-1 to sim-key-4 and roomy limits, and answers at once.
type Config struct {
	// Organisations hold the keys and the quotas; none means the default one.
	// Names and keys are unique.
	Organisations []Organisation
	// Latency is how long answers take; zero means no time at all.
	Latency Latency
	// AnswerTokens is the usual size of an answer in words; 0 means 60. What
	// an answer must say, it says however small this is.
	AnswerTokens int
	// Script decides how an answer goes, by the last line that the user wrote. Nil
	// leaves all to Latency and AnswerTokens, and so does false. With it the same
	// question takes the same time whoever was served before.
	Script func(line string) (Part, bool)
	// Models are patterns (as in path.Match) of model names that are served
	// beside the known ones, with lenient rules. "*" serves all names
	// without a slash.
	Models []string
	// Seed decides the latencies, the chances of faults and the ids. Equal
	// seeds and equal sequences of requests give equal results.
	Seed uint64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits and returns early with the context's error; nil means a
	// timer of package time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Organisation is the owner of keys. All its keys share its quotas.
type Organisation struct {
	// Name identifies it in faults and statistics, and is OpenAI's id for it;
	// required.
	Name string
	// ID is the UUID that Anthropic's headers show; empty means one derived
	// from the name.
	ID string
	// Keys are the credentials that it accepts.
	Keys []string
	// Limits hold for each model family; those in Families go before.
	Limits   Limits
	Families map[string]Limits
	// MaxInFlight is how many requests may run at once; 0 means any number.
	MaxInFlight int
}

// Latency says how long generations take.
type Latency struct {
	// FirstToken is the time until the first content, Total the time until
	// the end. A Total below FirstToken is taken for FirstToken.
	FirstToken, Total Spread
}

// Spread is a log-normal distribution, which is what answer times look like.
type Spread struct {
	// P50 is the median; 0 means no time. P95 is what 19 of 20 stay below; a
	// P95 not above P50 means always P50.
	P50, P95 time.Duration
}

// Roomy are limits that a demonstration does not reach: those of Anthropic's
// middle tier, and as many tokens in OpenAI's way of counting.
var Roomy = Limits{Requests: 5_000, InputTokens: 5_000_000, OutputTokens: 1_000_000, Tokens: 6_000_000}

// Organisations makes n organisations named org-1 and so on, with keys of the
// form sim-key-1 that are numbered through.
func Organisations(n, keysEach int, l Limits) []Organisation {
	orgs := make([]Organisation, n)
	for i := range orgs {
		orgs[i] = Organisation{Name: fmt.Sprintf("org-%d", i+1), Limits: l}
		for k := range keysEach {
			orgs[i].Keys = append(orgs[i].Keys, fmt.Sprintf("sim-key-%d", i*keysEach+k+1))
		}
	}
	return orgs
}

func (c Config) organisations() []Organisation {
	if len(c.Organisations) > 0 {
		return c.Organisations
	}
	return Organisations(1, 4, Roomy)
}

func (c Config) answerTokens() int { return cmp.Or(c.AnswerTokens, 60) }

func (c Config) clock() func() time.Time {
	if c.Now != nil {
		return c.Now
	}
	return time.Now
}

func (c Config) sleeper() func(context.Context, time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep
	}
	return sleep
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
