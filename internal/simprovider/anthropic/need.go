package anthropic

import (
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// Need is what the limiter takes before the model runs: the size of the input
// as far as it can be told from the bytes. Output is not reserved; that there
// is any room for it at all is asked by a token that Settle gives back.
func (Dialect) Need(p *dialogue.Prompt) quota.Need {
	return quota.Need{Requests: 1, InputTokens: int64(p.Estimate), OutputTokens: 1}
}

// Settle corrects Need once the true size and the cache's share are known.
func (Dialect) Settle(p *dialogue.Prompt, u dialogue.Usage) quota.Need {
	return quota.Need{InputTokens: int64(u.Billed() - p.Estimate), OutputTokens: -1}
}

// Produced is what so many tokens of output take, as they are written.
func (Dialect) Produced(tokens int) quota.Need { return quota.Need{OutputTokens: int64(tokens)} }
