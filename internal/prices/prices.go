// Package prices knows what a model costs and how much it can read and write.
//
// The figures stand in prices.tsv, one model a line, sorted. The file is part
// of the binary as text and is searched where it lies: nothing is parsed when
// a process starts, a look-up reads about a dozen lines. A JSON file lost
// because all of it must be parsed before the first look-up, which every cold
// start would pay; tables in Go code cost nothing either, but hide a changed
// price among quotes and braces, and a data file that is rewritten by a
// program should not need a compiler to be checked.
package prices

import "github.com/fallow-dev/fallow/internal/upstream"

// Rate is a price in microdollars for a million tokens: 3,000,000 is $3 per
// million. That is a millionth of a microdollar per token, fine enough for
// every published price without a fraction.
type Rate int64

// Rates are the prices of the kinds of tokens. All are >= 0. Where a provider
// publishes none of its own, reads and writes of a cache cost what input does,
// and writes for an hour what those for five minutes do.
type Rates struct {
	Input, Output Rate
	// CacheRead is for input served from a prompt cache.
	CacheRead Rate
	// CacheWrite is for input stored for five minutes, or for as long as a
	// provider with only one duration keeps it.
	CacheWrite Rate
	// CacheWriteHour is for input stored for an hour (Anthropic docs,
	// build-with-claude/prompt-caching).
	CacheWriteHour Rate
}

// Price is what is known of a model at a provider, at its standard service
// tier: no batches, no priority, no negotiated discount.
type Price struct {
	Rates
	// LongAbove is the number of input tokens, cached ones included, above
	// which the whole request costs Long instead; 0 means that there is no
	// such number.
	LongAbove int64
	Long      Rates
	// Context is the most input tokens and MaxOutput the most output tokens of
	// one request; 0 where unknown.
	Context, MaxOutput int64
	// Mode is what the model does: chat, completion, responses or embedding.
	Mode string
}

// Cost returns what usage costs, exactly, rounded up to a whole microdollar: a
// budget that counts small requests as nothing is passed by many of them.
// Negative counts are taken as 0.
func (p Price) Cost(u upstream.Usage) Microdollars {
	u = notNegative(u)
	r := p.Rates
	if p.LongAbove > 0 && u.InputTokens+u.CacheReadTokens+u.CacheWriteTokens > p.LongAbove {
		r = p.Long
	}
	var sum total
	sum.add(u.InputTokens, r.Input)
	sum.add(u.CacheReadTokens, r.CacheRead)
	sum.add(u.CacheWriteTokens-u.CacheWriteHourTokens, r.CacheWrite)
	sum.add(u.CacheWriteHourTokens, r.CacheWriteHour)
	sum.add(u.OutputTokens, r.Output)
	return sum.microdollars()
}

// maxTokens bounds a count, so that sums of counts cannot overflow. It is a
// million times what a model can read.
const maxTokens = 1 << 50

func notNegative(u upstream.Usage) upstream.Usage {
	bounded := func(n, most int64) int64 { return min(max(n, 0), most) }
	u.InputTokens = bounded(u.InputTokens, maxTokens)
	u.CacheReadTokens = bounded(u.CacheReadTokens, maxTokens)
	u.CacheWriteTokens = bounded(u.CacheWriteTokens, maxTokens)
	u.CacheWriteHourTokens = bounded(u.CacheWriteHourTokens, u.CacheWriteTokens)
	u.OutputTokens = bounded(u.OutputTokens, maxTokens)
	return u
}
