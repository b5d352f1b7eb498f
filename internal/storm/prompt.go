package storm

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"github.com/fallow-dev/fallow/internal/simulation"
)

// bytesPerToken is what the simulated provider counts by; maxAnswer is the
// max_tokens of all requests, which a reviewing bot sets for all of its calls.
const (
	bytesPerToken = 4
	maxAnswer     = 4096
)

// wordsPerEvent is how much text an event of an answer carries: some 17
// characters. Providers send several tokens at once, and the number of events is
// what a stream costs a gateway. In the recorded streams that the AI SDK tests
// with (vercel/ai, packages/anthropic/src/__fixtures__, August 2026) the mean is 12
// characters for Opus 4.6, 15 for Haiku 4.5, 19 for Sonnet 4.5 and 87 for Sonnet
// 4.6. One word was tried, and took the processor from the slowest peer.
const wordsPerEvent = 3

// marker begins the last line of every prompt, by which a request is known at
// the provider whatever gateway it came through.
const marker = "storm request "

func requestOf(line string) (id int, ok bool) {
	text, ok := strings.CutPrefix(line, marker)
	id, err := strconv.Atoi(text)
	return id, ok && err == nil && id >= 0
}

// filler is prose about code for prompts to be cut from. It needs no escaping
// in JSON. It is made when it is first needed: those who serve would have a
// megabyte of it, and wait for it at every start.
var filler = sync.OnceValue(func() string {
	words := strings.Fields(`the change returns an error when the parser meets a token that it does not know
		so func run ctx context Context error must close its channel before if err != nil return nil buffer
		length index loop struct field value test case name want got lock the mutex guards this map request
		response body header status retry wait until deadline + - @@ diff --git a/main.go b/main.go`)
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < 1<<20 {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()
})

// prose is text of about so many tokens, different for each n.
func prose(n int, tokens int64) string {
	size := max(0, int(tokens)*bytesPerToken)
	filler := filler()
	begin := n * 7919 % (len(filler) - 1<<19)
	return filler[begin:begin+min(size, 1<<19)] + filler[:max(0, min(size-1<<19, 1<<19))]
}

// body is a request in one of the two dialects. The shared part of a thread is
// its system prompt, and marked for the provider's cache.
func body(model string, r simulation.Request, native bool) string {
	system, marked := "You review code changes. Be brief.", ""
	if r.Prefix > 0 {
		system = r.Conversation + ": " + prose(int(r.Prefix), r.Prefix-20)
		marked = `,"cache_control":{"type":"ephemeral"}`
	}
	const frame = 50 // tokens of what stands around the texts
	user := prose(r.ID, r.Input-r.Prefix-frame) + `\n` + marker + strconv.Itoa(r.ID)
	part := fmt.Sprintf(`[{"type":"text","text":"%s"%s}]`, system, marked)
	if native {
		return fmt.Sprintf(`{"model":"%s","max_tokens":%d,"stream":true,"system":%s,"messages":[{"role":"user","content":"%s"}]}`,
			model, maxAnswer, part, user)
	}
	return fmt.Sprintf(`{"model":"%s","max_completion_tokens":%d,"stream":true,"messages":[{"role":"system","content":%s},{"role":"user","content":"%s"}]}`,
		model, maxAnswer, part, user)
}
