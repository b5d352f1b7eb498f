package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Clear ends every rest of a group and of its keys, on an operator's word, here
// and in all instances. It returns how many it ended; the error is an
// *UnknownGroupError, or the store's when it could not be written.
func (p *Pool) Clear(ctx context.Context, group string) (int, error) {
	p.look(ctx, true)
	rests, err := p.restsWithin(group)
	if err != nil {
		return 0, err
	}
	for cleared, r := range rests {
		if err := p.end(ctx, r); err != nil {
			return cleared, fmt.Errorf("clear %s: %w", r.On.Sort(), err)
		}
	}
	return len(rests), nil
}

// restsWithin lists the rests that stand for a group or for a key of it.
func (p *Pool) restsWithin(group string) ([]rest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.weights[group]; !ok {
		return nil, &UnknownGroupError{Pool: p.cfg.Name, Group: group, Known: p.groups()}
	}
	var found []rest
	for on, r := range p.rests {
		within := on.Kind == records.OfGroup && on.Name == group || on.Kind == records.OfKey && p.groupOfKey(on.Name) == group
		if within && r.Stands(p.cfg.Now()) {
			found = append(found, r)
		}
	}
	return found, nil
}

// groups lists the quota groups. The lock is held.
func (p *Pool) groups() []string {
	var names []string
	for name := range p.weights {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// setTries bounds how often a write is repeated with a later fence. One
// repetition is enough, unless others write the same rest at the same moment.
const setTries = 3

// end writes the end of a rest that an operator has cleared.
func (p *Pool) end(ctx context.Context, r rest) error {
	for range setTries {
		set := max(p.cfg.Now().UnixMilli(), r.Set+1)
		told, applied, err := p.write(ctx, r.On, clearChange(set))
		if err != nil {
			return err
		}
		if applied || told.Until == 0 { // ended all the same, by us unheard or by somebody else
			p.remember(told)
			p.tell(ctx, r, telemetry.Cleared, "")
			return nil
		}
		r = told
	}
	return errors.New("others keep changing it; try again")
}

// UnknownGroupError says that a pool has no such quota group.
type UnknownGroupError struct {
	Pool, Group string
	Known       []string
}

func (e *UnknownGroupError) Error() string {
	return fmt.Sprintf("pool %s has no quota group %q; it has %s", e.Pool, e.Group, strings.Join(e.Known, ", "))
}
