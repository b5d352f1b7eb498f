package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
)

// ErrAdd marks an OpAdd that the item does not allow: its attribute is text,
// or the sum does not fit an int64. Nothing has been written then. DynamoDB
// itself counts on to 38 digits, where no int64 could read the attribute any
// more; so every store refuses, as wrapping around would turn the largest
// counter into the smallest.
var ErrAdd = errors.New("cannot add")

// Apply is the meaning of a Change: what Update answers for the item that
// stands there (one without attributes if there is none). It has no side
// effects, item is not modified, and the answer shares no memory with it. The
// change must be valid. A condition that does not hold wins over an ErrAdd.
func Apply(item Item, c Change) (Result, error) {
	next := Item{Key: item.Key, Attrs: maps.Clone(item.Attrs)}
	if !c.If.holds(item) {
		return Result{Item: next}, nil
	}
	if next.Attrs == nil {
		next.Attrs = make(map[string]Value, len(c.Do))
	}
	for _, a := range c.Do {
		if err := a.apply(next.Attrs); err != nil {
			return Result{}, err
		}
	}
	return Result{Applied: true, Item: next}, nil
}

func (a Assign) apply(attrs map[string]Value) error {
	switch a.Op {
	case OpSet:
		attrs[a.Attr] = a.Val
	case OpRemove:
		delete(attrs, a.Attr)
	case OpAdd:
		old := attrs[a.Attr]
		if old.IsText() {
			return fmt.Errorf("%w %d to %s: it is a text", ErrAdd, a.Val.n, a.Attr)
		}
		if low, high := AddRange(a.Val.n); old.n < low || old.n > high {
			return fmt.Errorf("%w %d to %s: it is %d, and the sum does not fit 64 bits", ErrAdd, a.Val.n, a.Attr, old.n)
		}
		attrs[a.Attr] = Num(old.n + a.Val.n)
	}
	return nil
}

// AddRange returns the numbers to which n can be added without overflow.
func AddRange(n int64) (low, high int64) {
	if n >= 0 {
		return math.MinInt64, math.MaxInt64 - n
	}
	return math.MinInt64 - n, math.MaxInt64
}

// holds never takes a condition of an unknown kind for one that holds.
func (c Cond) holds(item Item) bool {
	switch c.Kind {
	case Always:
		return true
	case Compares:
		return c.compares(item)
	case ComparesOrAbsent:
		return !item.Has(c.Attr) || c.compares(item)
	case IsPresent:
		return item.Has(c.Attr)
	case IsAbsent:
		return !item.Has(c.Attr)
	case AllOf:
		return !c.member(item, false)
	case AnyOf:
		return c.member(item, true)
	}
	return false
}

// member reports whether some member holds, or fails, as asked.
func (c Cond) member(item Item, holds bool) bool {
	for _, m := range c.Conds {
		if m.holds(item) == holds {
			return true
		}
	}
	return false
}

func (c Cond) compares(item Item) bool {
	v, ok := item.Attrs[c.Attr]
	if !ok || v.text != c.Val.text {
		return false
	}
	order := cmp.Compare(v.n, c.Val.n)
	if v.text {
		order = cmp.Compare(v.s, c.Val.s)
	}
	switch c.Op {
	case EQ:
		return order == 0
	case LT:
		return order < 0
	case LE:
		return order <= 0
	case GT:
		return order > 0
	case GE:
		return order >= 0
	}
	return false
}
