package estimate

import (
	"math"
	"sync"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// maxFamilies bounds what Ratios remembers; a family takes some 150 bytes.
// Families are learned only from answers, so a client cannot make them up.
const maxFamilies = 256

// Ratios knows how many bytes make a token, by model family and class of
// content. What it has not learned it takes from the starts that Start gives.
// The zero value is ready for use. It is safe for concurrent use.
//
// A family is any name that callers agree on. Models of one name should share a
// tokenizer and a Formula: where a quota spans both (Opus 4.6 and 4.7 do not
// share a tokenizer but a quota), the model is the better name.
type Ratios struct {
	mu       sync.Mutex        // guards what follows
	families map[string]Family // at most maxFamilies
}

// Tokens estimates the input tokens of a request of size s, rounded up; it is
// the mean of what to expect. Cache reads are part of it.
func (r *Ratios) Tokens(family string, s Size) int64 {
	f := r.family(family)
	return int64(math.Ceil(f.tokens(s)))
}

func (r *Ratios) family(name string) Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.families[name]; ok {
		return f
	}
	return Start()
}

// Learn takes in what the provider reported for a request of size s. What was
// sent is all that it read, whether from its cache or not; what of it counts
// against a quota is another matter, see Counted. Reports that are not exact or
// say nothing of the input teach nothing.
func (r *Ratios) Learn(family string, s Size, actual upstream.Usage) {
	sent := Counted(actual, true)
	if !actual.Exact || sent <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.families[family]
	if !ok {
		f = Start()
	}
	f.learn(s, float64(sent))
	r.set(family, f)
}

// set keeps a family, unless it is new and there is no room. Forgetting another
// one for it would let a flood of new names wash out what is used all the time.
// The caller holds mu.
func (r *Ratios) set(name string, f Family) {
	if r.families == nil {
		r.families = make(map[string]Family)
	}
	if _, known := r.families[name]; known || len(r.families) < maxFamilies {
		r.families[name] = f
	}
}

// Counted is how many input tokens of a request count against its quota: what
// was sent without cache reads, and with them where the provider counts them.
// (Anthropic does not, save for Haiku 3.5 and limits of a workspace; api/rate-limits.
// OpenAI does.) It is never negative.
func Counted(u upstream.Usage, cacheReadsCount bool) int64 {
	n := max(u.InputTokens, 0) + max(u.CacheWriteTokens, 0)
	if cacheReadsCount {
		n += max(u.CacheReadTokens, 0)
	}
	return n
}
