package dynamo

import "github.com/fallow-dev/fallow/internal/store"

// simplify removes empty and one-member groups from a condition, as DynamoDB
// has neither. It returns nil if the condition always holds, and the empty Any,
// alone, if it never does.
func simplify(c store.Cond) store.Cond {
	g, ok := c.(store.Group)
	if !ok {
		return c
	}
	var rest []store.Cond
	for _, member := range g.Conds {
		member = simplify(member)
		always, never := member == nil, isNever(member)
		switch {
		case g.Any && always, !g.Any && never:
			return member // decides the whole group
		case always || never: // changes nothing
		default:
			rest = append(rest, member)
		}
	}
	switch {
	case len(rest) == 1:
		return rest[0]
	case len(rest) == 0 && !g.Any:
		return nil
	}
	return store.Group{Any: g.Any, Conds: rest}
}

// isNever reports whether c is the empty Any, which never holds.
func isNever(c store.Cond) bool {
	g, ok := c.(store.Group)
	return ok && g.Any && len(g.Conds) == 0
}
