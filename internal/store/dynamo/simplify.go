package dynamo

import "github.com/fallow-dev/fallow/internal/store"

// simplify removes empty and one-member groups from a condition, as DynamoDB
// has neither. What always holds becomes the zero Cond, and what never does the
// empty Any, alone.
func simplify(c store.Cond) store.Cond {
	if c.Kind != store.AllOf && c.Kind != store.AnyOf {
		return c
	}
	var rest []store.Cond
	for _, member := range c.Conds {
		member = simplify(member)
		always, never := member.Kind == store.Always, isNever(member)
		switch {
		case c.Kind == store.AnyOf && always, c.Kind == store.AllOf && never:
			return member // decides the whole group
		case always || never: // changes nothing
		default:
			rest = append(rest, member)
		}
	}
	switch {
	case len(rest) == 1:
		return rest[0]
	case len(rest) == 0 && c.Kind == store.AllOf:
		return store.Cond{}
	}
	return store.Cond{Kind: c.Kind, Conds: rest}
}

// isNever reports whether c is the empty Any, which never holds.
func isNever(c store.Cond) bool { return c.Kind == store.AnyOf && len(c.Conds) == 0 }
