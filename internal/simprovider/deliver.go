package simprovider

import (
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// tick is the shortest pause between two pieces of an answer. Pieces that are
// due sooner are sent together; a timer for each would make a storm of long
// answers a test of timers.
const tick = 10 * time.Millisecond

// answer composes the answer and delivers it at the model's pace.
func (x *exchange) answer(p *dialogue.Prompt) *dialogue.Refusal {
	part := x.part(p)
	first, total := part.FirstToken, part.Total
	if x.struck.Effect == fault.Slow {
		first, total = first+x.struck.Delay, total+x.struck.Delay
	}
	a := dialogue.ComposeIn(p, part.Tokens, max(1, part.Words))
	if x.wait(x.started.Add(first)) != nil {
		return x.gone()
	}
	x.settle(p, a)
	end := x.started.Add(total)
	if p.Stream {
		return x.stream(x.dialect.Events(&x.call, a), end)
	}
	return x.whole(a, end)
}

// settle happens when the model begins to speak: only then is the prompt in
// the cache, for others to read, and its true size known to the limiter.
func (x *exchange) settle(p *dialogue.Prompt, a *dialogue.Answer) {
	now := x.now()
	read := x.org.cache.use(p, now)
	read.Output, read.Thinking, read.Searches = a.Usage.Output, a.Usage.Thinking, a.Usage.Searches
	a.Usage = read
	x.group.Charge(x.dialect.Settle(p, a.Usage), now)
	x.ledger.change(func(c *Counts) { c.read(a.Usage) }, x.counts...)
}

// stream sends the events, spread evenly until the end.
func (x *exchange) stream(events []dialogue.Event, end time.Time) *dialogue.Refusal {
	x.w.Header().Set("Cache-Control", "no-cache")
	x.status(http.StatusOK, "text/event-stream; charset=utf-8")
	begun, content := x.now(), 0
	for i, e := range events {
		if x.disturbs() && (e.Content && content >= x.struck.Chunks || i == len(events)-1) {
			if over := x.disturb(); over {
				return nil
			}
		}
		if x.pace(begun, end, i, len(events)) != nil {
			return x.gone()
		}
		if _, err := x.w.Write(e.Data); err != nil {
			return x.gone()
		}
		if e.Content {
			content++
			x.produced(e.Tokens)
		}
	}
	x.answered()
	return nil
}

// whole produces the answer piece by piece, as the quota sees it, and sends it
// at the end.
func (x *exchange) whole(a *dialogue.Answer, end time.Time) *dialogue.Refusal {
	begun := x.now()
	pieces := sizes(a)
	for i, tokens := range pieces {
		if x.pace(begun, end, i, len(pieces)) != nil {
			return x.gone()
		}
		x.produced(tokens)
	}
	if x.wait(end) != nil {
		return x.gone()
	}
	body := x.dialect.Whole(&x.call, a)
	if x.disturbs() {
		return x.disturbWhole(body)
	}
	x.json(http.StatusOK, body)
	x.answered()
	return nil
}

func sizes(a *dialogue.Answer) []int {
	var out []int
	for _, b := range a.Blocks {
		for _, piece := range b.Pieces {
			out = append(out, dialogue.Tokens(len(piece)))
		}
	}
	return out
}

// pace waits until piece i of n is due.
func (x *exchange) pace(begun, end time.Time, i, n int) error {
	span := end.Sub(begun)
	if span <= 0 || n < 2 {
		return x.r.Context().Err()
	}
	due := begun.Add(time.Duration(float64(span) * float64(i) / float64(n-1)))
	if i < n-1 && due.Sub(x.now()) < tick {
		return nil
	}
	return x.wait(due)
}

// wait pauses until then, after sending what is still in the buffer.
func (x *exchange) wait(until time.Time) error {
	d := until.Sub(x.now())
	if d <= 0 {
		return x.r.Context().Err()
	}
	return x.pause(d)
}

func (x *exchange) pause(d time.Duration) error {
	x.flush()
	return x.config.sleeper()(x.r.Context(), d)
}

// flush sends what was written so far. Before the headers were written it
// must not, as it would write them.
func (x *exchange) flush() {
	if x.sent {
		_ = http.NewResponseController(x.w).Flush() // not every writer can; then it goes out later
	}
}

func (x *exchange) produced(tokens int) {
	x.group.Charge(x.dialect.Produced(tokens), x.now())
	x.ledger.change(func(c *Counts) { c.OutputTokens += int64(tokens) }, x.counts...)
}

func (x *exchange) answered() { x.ledger.change(func(c *Counts) { c.Answered++ }, x.counts...) }

// gone ends an exchange whose client has left; there is nobody to answer.
func (x *exchange) gone() *dialogue.Refusal {
	x.broken()
	return nil
}
