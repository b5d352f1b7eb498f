package pool

import (
	"context"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// batchShare is how much of a burst, in percent, batch requests may use. The
// rest stays free for those that people wait for, who so never meet the backlog
// of a batch: a batch request never books a start in the future either.
const batchShare = 80

// share is what a request may use of a quota.
func (w Want) share(q quota) quota {
	if w.Batch {
		q.burst = q.burst * batchShare / 100
	}
	return q
}

// standBy waits until a batch request's turn has come, as far as that can be
// known: those that people wait for go first, and come as they like. It takes
// one place in the line of a quota, so that a thousand of them neither ask
// again and again nor pass each other. The error is an *ExhaustedError if the
// turn comes too late.
func (s *search) standBy(ctx context.Context, c choice) error {
	p, turn := s.p, c.start
	if !s.want.standing {
		turn = p.ticket(ctx, s.want, c)
		s.want.standing = true
	} else { // it was passed: spread those to whom that happened
		turn = turn.Add(time.Duration(p.cfg.Rand() * float64(s.tries) * float64(calm)))
	}
	if turn.After(s.deadline) {
		c.start = turn
		return p.exhausted(s.want, c)
	}
	s.tries++
	s.outdated = true
	p.pause(ctx, turn.Sub(p.cfg.Now()))
	return nil
}

// ticket takes a place in the line and returns when its turn is: when there is
// room again, and those before it have used theirs.
func (p *Pool) ticket(ctx context.Context, want Want, c choice) time.Time {
	on := records.GroupScope(c.group, want.Family)
	p.mu.Lock()
	q := p.quota(on)
	costs := q.costs(p.needs(want))
	p.mu.Unlock()
	now := c.now.UnixMilli()
	turn := want.share(q).start(now, costs)
	for range setTries {
		cost := slices.Max(costs[:])
		item, applied, err := p.update(ctx, on, ticketChange(now, q.batchAt, cost))
		if err != nil {
			break
		}
		if q = p.known(quotaOf(on.Name, item)); applied {
			turn += q.batchAt - cost - now
			break
		}
	}
	return time.UnixMilli(turn)
}

// lineUp is a batch request's start behind those that already wait.
func (w Want) lineUp(q quota, now, start int64) int64 {
	if w.Batch && !w.standing && start > now {
		return start + max(0, q.batchAt-now)
	}
	return start
}

// ticketChange adds to the line, or begins one, as a reservation does.
func ticketChange(now, known, cost int64) store.Change {
	wild := store.Num(now + farAhead)
	if known >= now {
		return store.Change{
			If: store.All(store.Is(records.AttrBatchAt, store.GE, store.Num(now)), store.Is(records.AttrBatchAt, store.LE, wild)),
			Do: []store.Assign{store.Add(records.AttrBatchAt, cost)},
		}
	}
	return store.Change{
		If: store.Any(store.Absent(records.AttrBatchAt), store.Is(records.AttrBatchAt, store.LT, store.Num(now)), store.Is(records.AttrBatchAt, store.GT, wild)),
		Do: []store.Assign{store.Set(records.AttrBatchAt, store.Num(now+cost))},
	}
}
