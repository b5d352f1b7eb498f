package store

// Value is a number or a text: the two types that shared state needs.
// Numbers are int64 (times are milliseconds since the epoch). The zero Value
// is the number 0.
type Value struct {
	s    string
	n    int64
	text bool
}

// Num is a number.
func Num(n int64) Value { return Value{n: n} }

// Text is a string, at most 64 KiB. It may be empty.
func Text(s string) Value { return Value{s: s, text: true} }

// IsText reports which of the two types v has.
func (v Value) IsText() bool { return v.text }

// Int returns the number; 0 for text.
func (v Value) Int() int64 { return v.n }

// Str returns the text; "" for a number.
func (v Value) Str() string { return v.s }

// Change is a conditional write.
type Change struct {
	// If must hold for the change to be applied; the zero Cond always does.
	If Cond
	// Do is applied in one step; all assignments see the item as it was. No
	// attribute may be assigned twice. Names are lower-case words with
	// underscores, at most 64 bytes.
	Do []Assign
}

// Assign is one effect of a Change on one attribute.
type Assign struct {
	Attr string
	Op   Op
	Val  Value // unused by OpRemove
}

// Op says what an Assign does.
type Op int

// The operations.
const (
	OpSet    Op = iota // attribute becomes Val
	OpAdd              // number attribute (0 if absent) grows by Val; not idempotent
	OpRemove           // attribute goes away
)

// Set assigns a value.
func Set(attr string, v Value) Assign { return Assign{Attr: attr, Op: OpSet, Val: v} }

// Add increments a number. It is not idempotent: see Table.
func Add(attr string, n int64) Assign { return Assign{Attr: attr, Op: OpAdd, Val: Num(n)} }

// Remove deletes an attribute.
func Remove(attr string) Assign { return Assign{Attr: attr, Op: OpRemove} }

// Cond is a condition on the attributes of one item, built with the functions
// below. A comparison with an absent attribute, or with one of the other type,
// is false, whatever the comparison (as in DynamoDB). The zero Cond holds.
//
// It is one struct and not an interface with a type for each kind, because a
// reservation has a dozen of them, and each would be an allocation.
type Cond struct {
	Kind  CondKind
	Attr  string // of the kinds that look at one attribute
	Op    CompareOp
	Val   Value
	Conds []Cond // of AllOf and AnyOf
}

// CondKind says which of its fields a Cond means.
type CondKind uint8

// The kinds of conditions.
const (
	Always           CondKind = iota
	Compares                  // Attr is present and compares so with Val
	ComparesOrAbsent          // Attr is absent, or compares so with Val
	IsPresent                 // Attr is present
	IsAbsent                  // Attr is absent
	AllOf                     // every one of Conds holds; also when there is none
	AnyOf                     // at least one of Conds holds; never when there is none
)

// CompareOp is a comparison. Text is compared bytewise. There is no "not equal":
// its result for an absent attribute is where implementations differ.
type CompareOp string

// The comparisons, spelled as DynamoDB spells them.
const (
	EQ CompareOp = "="
	LT CompareOp = "<"
	LE CompareOp = "<="
	GT CompareOp = ">"
	GE CompareOp = ">="
)

// Is holds when the attribute is present and compares so.
func Is(attr string, op CompareOp, v Value) Cond {
	return Cond{Kind: Compares, Attr: attr, Op: op, Val: v}
}

// AbsentOr holds when the attribute is absent, or compares so.
func AbsentOr(attr string, op CompareOp, v Value) Cond {
	return Cond{Kind: ComparesOrAbsent, Attr: attr, Op: op, Val: v}
}

// Absent holds when the item has no such attribute.
func Absent(attr string) Cond { return Cond{Kind: IsAbsent, Attr: attr} }

// Present holds when the item has the attribute.
func Present(attr string) Cond { return Cond{Kind: IsPresent, Attr: attr} }

// All holds when every condition does.
func All(c ...Cond) Cond { return Cond{Kind: AllOf, Conds: c} }

// Any holds when at least one condition does.
func Any(c ...Cond) Cond { return Cond{Kind: AnyOf, Conds: c} }
