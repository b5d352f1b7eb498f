package simulation

import (
	"context"
	"errors"
	"time"
)

// oracle is one queue for all instances. Its head sees every bucket without
// delay and waits for the first that it fits into, so nothing is ever refused
// for lack of room.
type oracle struct {
	fleet
	in instance
	// turn is held by the head of the queue: those who wait to send to a
	// channel are let in in the order in which they came.
	turn  chan struct{}
	sheds bool
}

// newOracle makes the oracle that lets everybody wait, or the one that sends
// those away who would wait longer than the budget.
func newOracle(sheds bool) func(fleet) func(instance) server {
	return func(f fleet) func(instance) server {
		turn := make(chan struct{}, 1)
		return func(in instance) server { return &oracle{f, in, turn, sheds} }
	}
}

func (o *oracle) serve(ctx context.Context, c *Call) error {
	if o.sheds {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, c.Arrived.Add(o.Budget))
		defer cancel()
	}
	for troubles := 0; ; {
		a, err := o.queue(ctx, c)
		if err != nil {
			return err
		}
		switch err := finish(c, a); {
		case err == nil && c.sent.Sub(c.Arrived) > o.Budget:
			return ErrLimited // its answer came, but nobody would have waited
		case !errors.Is(err, ErrOverloaded):
			return err
		}
		if troubles++; troubles == 6 {
			return ErrOverloaded
		}
		time.Sleep(time.Duration(o.in.random() * float64(250*time.Millisecond<<troubles)))
	}
}

// queue waits for the request's turn and for its room.
func (o *oracle) queue(ctx context.Context, c *Call) (Answer, error) {
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return Answer{}, ErrLimited
	}
	err := o.room(ctx, c)
	<-o.turn
	if err != nil {
		return Answer{}, err
	}
	return c.headers(), nil
}

// room waits until a key takes the request or is overloaded.
func (o *oracle) room(ctx context.Context, c *Call) error {
	for {
		wait := o.look(c)
		if wait == 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return ErrLimited
		}
		time.Sleep(wait)
	}
}

// look tries the keys, those first that have the request's prefix cached, and
// returns the shortest wait of all if none takes it.
func (o *oracle) look(c *Call) (wait time.Duration) {
	for _, key := range o.provider.order(&c.Request) {
		a := o.provider.admit(key, &c.Request, c.sends)
		if a.wait == 0 {
			c.begin(key, a)
			return 0
		}
		if wait == 0 || a.wait < wait {
			wait = a.wait
		}
	}
	return wait
}
