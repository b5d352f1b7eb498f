package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// slack is how much a header may understate what is left: providers round.
// Anthropic rounds tokens to the nearest thousand (docs, api/rate-limits).
var slack = [dimensions]int64{1, 600, 600}

// indexOf maps a provider's dimensions to ours. Tokens of both kinds together,
// as OpenAI counts them, are booked as input that includes the output asked for.
var indexOf = map[upstream.Dimension]dimension{
	upstream.Requests:     requests,
	upstream.InputTokens:  input,
	upstream.OutputTokens: output,
	upstream.Tokens:       input,
}

// told is what an answer's headers say of the limits.
type told struct {
	at int64 // when the answer was received
	// wild is a time beyond which headers were received by a wrong clock; 0 if
	// there is no telling.
	wild      int64
	limit     [dimensions]int64
	remaining [dimensions]int64
}

// listen reads the headers. Where both tokens and input tokens are named the
// specific one counts: the general one shows whichever is tighter.
func listen(s upstream.Signals, at time.Time) told {
	t := told{at: at.UnixMilli(), wild: at.UnixMilli() + farAhead}
	for _, pass := range []bool{true, false} { // the general dimension first
		for _, l := range s.Limits {
			d, known := indexOf[l.Dimension]
			if known && l.PerMinute > 0 && (l.Dimension == upstream.Tokens) == pass {
				t.limit[d], t.remaining[d] = l.PerMinute, l.Remaining
			}
		}
	}
	return t
}

// limits is the write that takes in limits that differ from the known ones;
// ok is false when none does. Newer headers win, whatever order they come in.
// Of many first answers at once only one changes the version: every change
// sends all who wait back to the start.
func (t told) limits(q quota) (c store.Change, ok bool) {
	var differs []store.Cond
	for d := range dimensions {
		if limit := store.Num(t.limit[d]); t.limit[d] > 0 && t.limit[d] != q.limit[d] {
			c.Do = append(c.Do, store.Set(attrLimit[d], limit))
			differs = append(differs, store.Absent(attrLimit[d]), store.Is(attrLimit[d], store.LT, limit), store.Is(attrLimit[d], store.GT, limit))
		}
	}
	first := t.silent() && q.headersAt == 0 // to say nothing is an answer too
	switch {
	case t.at <= q.headersAt && (t.wild == 0 || q.headersAt <= t.wild):
		return store.Change{}, false
	case first:
		c.If = store.Absent(records.AttrHeadersAt)
	case len(differs) > 0:
		c.If = store.All(t.newest(), store.Any(differs...))
	default:
		return store.Change{}, false
	}
	c.Do = append(c.Do, store.Set(records.AttrHeadersAt, store.Num(t.at)), store.Add(records.AttrVersion, 1))
	return c, true
}

// newest is the condition that no later headers have been applied.
func (t told) newest() store.Cond {
	newest := []store.Cond{store.Absent(records.AttrHeadersAt), store.Is(records.AttrHeadersAt, store.LT, store.Num(t.at))}
	if t.wild > 0 {
		newest = append(newest, store.Is(records.AttrHeadersAt, store.GT, store.Num(t.wild)))
	}
	return store.Any(newest...)
}

// implied are the arrival times that the headers amount to: how empty the
// provider says its buckets are, in our terms. Arrival times only merge by
// maximum, so headers may come late, twice, or out of order.
func (t told) implied(q quota) [dimensions]int64 {
	var at [dimensions]int64
	for d := range dimensions {
		if t.limit[d] > 0 {
			at[d] = t.at + q.burst - (t.remaining[d]+slack[d])*minute/t.limit[d]
		}
	}
	return at
}

// explains reports whether the headers of a refusal show a reason for it: less
// left of something than the request needed, but for rounding.
func (t told) explains(need [dimensions]int64) bool {
	for d := range dimensions {
		if t.limit[d] > 0 && t.remaining[d]-slack[d] < max(1, need[d]) {
			return true
		}
	}
	return false
}

// silent reports whether the headers said nothing of limits.
func (t told) silent() bool { return t.limit == [dimensions]int64{} }

// drain is the write that raises arrival times to what headers implied, for
// one dimension; it never lowers one.
func drain(d dimension, at int64) store.Change {
	return store.Change{
		If: store.AbsentOr(attrAt[d], store.LT, store.Num(at)),
		Do: []store.Assign{store.Set(attrAt[d], store.Num(at))},
	}
}
