package store

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// The bounds of a key and of a change. Those of the key are DynamoDB's
// (Amazon DynamoDB Developer Guide, "Quotas", partition and sort keys).
const (
	MaxPartitionBytes = 2048
	MaxSortBytes      = 1024
	MaxAttrBytes      = 64
	MaxTextBytes      = 64 << 10
)

// The attributes in which a table keeps the key. A change cannot name them.
const (
	PartitionAttr = "p"
	SortAttr      = "s"
)

// ErrInvalid marks keys and changes that no store accepts. It is a fault of
// the program, never of the store, and trying again does not help.
var ErrInvalid = errors.New("invalid")

// isAttrName matches ^[a-z][a-z0-9]*(_[a-z0-9]+)*$. The expression itself took
// a fiftieth of all that the server mode does for a request.
func isAttrName(s string) bool {
	before := byte('_')
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
		case c >= '0' && c <= '9' && i > 0:
		case c == '_' && before != '_':
		default:
			return false
		}
		before = s[i]
	}
	return before != '_'
}

// Validate reports the first fault of the key, as an ErrInvalid.
func (k Key) Validate() error {
	if err := ValidatePartition(k.Partition); err != nil {
		return err
	}
	return validatePart("sort", k.Sort, MaxSortBytes)
}

// ValidatePartition reports the first fault of a partition, as an ErrInvalid.
func ValidatePartition(partition string) error {
	return validatePart("partition", partition, MaxPartitionBytes)
}

func validatePart(name, part string, limit int) error {
	switch {
	case part == "":
		return fmt.Errorf("%w key: %s is empty", ErrInvalid, name)
	case len(part) > limit:
		return fmt.Errorf("%w key: %s has %d bytes, at most %d are allowed", ErrInvalid, name, len(part), limit)
	case !utf8.ValidString(part):
		return fmt.Errorf("%w key: %s %q is not UTF-8", ErrInvalid, name, part)
	}
	return nil
}

// Validate reports the first fault of the change, as an ErrInvalid.
func (c Change) Validate() error {
	if len(c.Do) == 0 {
		return fmt.Errorf("%w change: it assigns nothing; to read an item use Get", ErrInvalid)
	}
	for i, a := range c.Do {
		if err := a.validate(); err != nil {
			return err
		}
		// A handful of assignments: two loops are cheaper than a set.
		for _, before := range c.Do[:i] {
			if before.Attr == a.Attr {
				return fmt.Errorf("%w change: %s is assigned twice", ErrInvalid, a.Attr)
			}
		}
	}
	return c.If.validate()
}

// HasAdd reports whether the change contains an OpAdd and so must not be made
// twice.
func (c Change) HasAdd() bool {
	for _, a := range c.Do {
		if a.Op == OpAdd {
			return true
		}
	}
	return false
}

func (a Assign) validate() error {
	if err := validateAttr(a.Attr); err != nil {
		return err
	}
	switch a.Op {
	case OpSet:
		return validateValue(a.Attr, a.Val)
	case OpAdd:
		if a.Val.IsText() {
			return fmt.Errorf("%w change: cannot add the text %q to %s; only numbers can be added", ErrInvalid, clip(a.Val.Str()), a.Attr)
		}
		return nil
	case OpRemove:
		return nil
	}
	return fmt.Errorf("%w change: %s has the unknown operation %d", ErrInvalid, a.Attr, a.Op)
}

func (c Cond) validate() error {
	switch c.Kind {
	case Always:
		return nil
	case Compares, ComparesOrAbsent:
		return c.validateComparison()
	case IsPresent, IsAbsent:
		return validateAttr(c.Attr)
	case AllOf, AnyOf:
		for _, member := range c.Conds {
			if err := member.validate(); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%w change: a condition has the unknown kind %d; build conditions with Is, AbsentOr, Absent, Present, All and Any", ErrInvalid, c.Kind)
}

func (c Cond) validateComparison() error {
	switch c.Op {
	case EQ, LT, LE, GT, GE:
	default:
		return fmt.Errorf("%w change: %s has the unknown comparison %q; there are = < <= > >=", ErrInvalid, c.Attr, c.Op)
	}
	if err := validateAttr(c.Attr); err != nil {
		return err
	}
	return validateValue(c.Attr, c.Val)
}

func validateAttr(name string) error {
	switch {
	case name == PartitionAttr || name == SortAttr:
		return fmt.Errorf("%w change: attribute %q is reserved for the key", ErrInvalid, name)
	case len(name) > MaxAttrBytes:
		return fmt.Errorf("%w change: attribute %q has %d bytes, at most %d are allowed", ErrInvalid, clip(name), len(name), MaxAttrBytes)
	case !isAttrName(name):
		return fmt.Errorf("%w change: attribute %q is not lower-case words joined by underscores", ErrInvalid, name)
	}
	return nil
}

func validateValue(attr string, v Value) error {
	switch {
	case len(v.s) > MaxTextBytes:
		return fmt.Errorf("%w change: text of %s has %d bytes, at most %d are allowed", ErrInvalid, attr, len(v.s), MaxTextBytes)
	case !utf8.ValidString(v.s):
		return fmt.Errorf("%w change: text of %s is not UTF-8", ErrInvalid, attr)
	}
	return nil
}

// clip keeps a value that may be long from filling an error message.
func clip(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
