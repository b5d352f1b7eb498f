// Package store is the port to the state that instances share.
//
// There is one primitive: a conditional write that gives the current item
// back when its condition does not hold. Everything Fallow coordinates
// (cooldowns, probes, groups, later bookings) is expressed as such writes by
// the package that owns the rule, so each rule stands in one place and every
// store runs the same one. store/dynamo compiles a Change into DynamoDB
// expressions; store/embedded evaluates it under a lock; store/storetest holds
// them, and any other implementation, to the same behaviour.
package store

import "context"

// Key names one item. All items of a partition can be read with one Query.
type Key struct{ Partition, Sort string }

// Item is one record of named attributes.
type Item struct {
	Key   Key
	Attrs map[string]Value
}

// Int returns the attribute as a number; 0 when absent or not a number.
func (i Item) Int(attr string) int64 { return i.Attrs[attr].n }

// Str returns the attribute as text; "" when absent or not text.
func (i Item) Str(attr string) string { return i.Attrs[attr].s }

// Has reports whether the attribute is present.
func (i Item) Has(attr string) bool { _, ok := i.Attrs[attr]; return ok }

// Table is a store of items.
//
// Implementations are safe for concurrent use and honour the context's
// deadline. An error from Update means that the outcome is unknown: the write
// may have been applied and its reply lost. A caller must therefore only make
// changes that are harmless when made twice, or whose condition fails the
// second time. Only after ErrInvalid and ErrAdd it is known that nothing was
// written.
//
// A store may itself repeat a change without OpAdd whose reply was lost. Then
// Applied can be false although Item is the caller's own write; a caller to
// whom that matters leaves a mark in the item by which it knows itself.
//
// An item without attributes is the same as no item: Get does not find it and
// Query leaves it out.
type Table interface {
	// Query returns all items of a partition, consistent with every Update
	// that had returned before the call. Order is unspecified.
	Query(ctx context.Context, partition string) ([]Item, error)

	// Get returns one item; ok is false when there is none.
	Get(ctx context.Context, key Key) (item Item, ok bool, err error)

	// Update applies the change if its condition holds, atomically. A missing
	// item counts as one without attributes, and is created. A condition that
	// does not hold is not an error: Applied is false and Item is what stands
	// there now.
	Update(ctx context.Context, key Key, change Change) (Result, error)
}

// Result is the outcome of an Update.
type Result struct {
	Applied bool
	// Item is the item after the write if Applied, and as it stands if not.
	Item Item
}
