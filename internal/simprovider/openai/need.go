package openai

import (
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// Need is what the limiter takes: prompt and max_tokens together, and nothing
// of it is ever given back.
func (Dialect) Need(p *dialogue.Prompt) quota.Need {
	return quota.Need{Requests: 1, Tokens: int64(p.Tokens + p.Reserve)}
}

// Settle corrects nothing.
func (Dialect) Settle(*dialogue.Prompt, dialogue.Usage) quota.Need { return quota.Need{} }

// Produced takes nothing, as the output was reserved.
func (Dialect) Produced(int) quota.Need { return quota.Need{} }
