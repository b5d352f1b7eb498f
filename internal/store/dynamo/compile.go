package dynamo

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

// maxExpressionBytes is the longest expression that DynamoDB takes (Amazon
// DynamoDB Developer Guide, "Quotas", expression parameters).
const maxExpressionBytes = 4096

// expressions is a Change in the words of DynamoDB.
type expressions struct {
	update    string
	condition string // "" if there is none
	names     map[string]string
	values    map[string]types.AttributeValue
}

// compiler gathers the placeholders while it writes expressions. All names are
// placeholders because some 570 words are reserved, "name" and "status" among
// them, and the list grows.
type compiler struct {
	strings.Builder
	names  map[string]string
	values map[string]types.AttributeValue
	// given remembers which value each placeholder stands for.
	given map[string]store.Value
}

// compile writes the expressions of a valid change. The same change always
// gives the same strings.
func compile(c store.Change) (expressions, error) {
	w := compiler{
		names:  make(map[string]string),
		values: make(map[string]types.AttributeValue),
		given:  make(map[string]store.Value),
	}
	w.assignments(c.Do)
	update := w.take()
	if cond := simplify(guarded(c)); cond.Kind != store.Always {
		w.condition(cond, false)
	}
	condition := w.take()
	if n := max(len(update), len(condition)); n > maxExpressionBytes {
		return expressions{}, fmt.Errorf("%w change: an expression of it has %d bytes, DynamoDB takes %d; use fewer or shorter attributes",
			store.ErrInvalid, n, maxExpressionBytes)
	}
	return expressions{update, condition, w.names, w.values}, nil
}

// guarded is the condition of the change, and for every OpAdd that the
// attribute is a number whose sum fits an int64. Without it DynamoDB would
// store a number that no reader could hold, and the whole partition would be
// unreadable from then on. A guard that fails looks like a failed condition;
// update tells the two apart by the item that comes back.
func guarded(c store.Change) store.Cond {
	conds := []store.Cond{c.If}
	for _, a := range c.Do {
		if a.Op == store.OpAdd {
			conds = append(conds, addable(a.Attr, a.Val.Int()))
		}
	}
	return store.All(conds...)
}

func addable(attr string, n int64) store.Cond {
	low, high := store.AddRange(n)
	if n < 0 {
		return store.AbsentOr(attr, store.GE, store.Num(low))
	}
	return store.AbsentOr(attr, store.LE, store.Num(high))
}

// take returns what has been written since the last take.
func (w *compiler) take() string {
	s := w.String()
	w.Reset()
	return s
}

// assignments writes one clause per kind of assignment, in the order of Do.
func (w *compiler) assignments(do []store.Assign) {
	clauses := []struct {
		op    store.Op
		verb  string
		infix string
	}{
		{store.OpSet, "SET ", " = "},
		{store.OpAdd, "ADD ", " "},
		{store.OpRemove, "REMOVE ", ""},
	}
	for _, clause := range clauses {
		lead := clause.verb
		if w.Len() > 0 {
			lead = " " + lead
		}
		for _, a := range do {
			if a.Op != clause.op {
				continue
			}
			w.write(lead, w.name(a.Attr))
			if a.Op != store.OpRemove {
				w.write(clause.infix, w.value(a.Attr, a.Val))
			}
			lead = ", "
		}
	}
}

// condition writes a simplified condition. Parentheses stand only around a
// group inside a group, as DynamoDB refuses redundant ones.
func (w *compiler) condition(c store.Cond, inGroup bool) {
	switch c.Kind {
	case store.Compares:
		w.comparison(c)
	case store.ComparesOrAbsent:
		w.open(inGroup)
		w.write("attribute_not_exists(", w.name(c.Attr), ") OR ")
		w.comparison(c)
		w.close(inGroup)
	case store.IsAbsent:
		w.write("attribute_not_exists(", w.name(c.Attr), ")")
	case store.IsPresent:
		w.write("attribute_exists(", w.name(c.Attr), ")")
	default:
		w.group(c, inGroup)
	}
}

func (w *compiler) comparison(c store.Cond) {
	w.write(w.name(c.Attr), " ", string(c.Op), " ", w.value(c.Attr, c.Val))
}

func (w *compiler) group(g store.Cond, inGroup bool) {
	if isNever(g) {
		// DynamoDB has no word for false. Going through it all the same, and
		// not through a read, keeps Update to one way of working.
		p := w.name(store.PartitionAttr)
		w.write("attribute_exists(", p, ") AND attribute_not_exists(", p, ")")
		return
	}
	operator := " AND "
	if g.Kind == store.AnyOf {
		operator = " OR "
	}
	w.open(inGroup)
	for i, member := range g.Conds {
		if i > 0 {
			w.write(operator)
		}
		w.condition(member, true)
	}
	w.close(inGroup)
}

func (w *compiler) open(inGroup bool) {
	if inGroup {
		w.write("(")
	}
}

func (w *compiler) close(inGroup bool) {
	if inGroup {
		w.write(")")
	}
}

func (w *compiler) write(parts ...string) {
	for _, part := range parts {
		w.WriteString(part)
	}
}

func (w *compiler) name(attr string) string {
	placeholder := "#" + attr
	w.names[placeholder] = attr
	return placeholder
}

// value returns ":attr", or ":attr_V2" and so on for further values of the
// same attribute. No attribute can be called so, as names are lower-case.
func (w *compiler) value(attr string, v store.Value) string {
	placeholder := ":" + attr
	for n := 2; ; n++ {
		other, taken := w.given[placeholder]
		if !taken || other == v {
			break
		}
		placeholder = ":" + attr + "_V" + strconv.Itoa(n)
	}
	w.given[placeholder] = v
	w.values[placeholder] = encode(v)
	return placeholder
}
