package prices

import (
	"fmt"
	"math"
	"math/bits"
)

// Microdollars is an amount of money, >= 0: 1,000,000 is one US dollar. Whole
// numbers are summed and compared without the drift of floating point; the
// largest amount is nine million million dollars.
type Microdollars int64

// String writes the amount in dollars with all six decimals: "$0.010500".
func (m Microdollars) String() string {
	sign := ""
	if m < 0 {
		sign = "-"
	}
	whole, part := m/1e6, m%1e6
	return fmt.Sprintf("%s$%d.%06d", sign, max(whole, -whole), max(part, -part))
}

// total sums tokens times rates in 128 bits: a count times a rate may be more
// than 64 hold, and clipping each product would not be exact.
type total struct{ high, low uint64 }

// add wants both to be >= 0.
func (t *total) add(tokens int64, r Rate) {
	high, low := bits.Mul64(uint64(tokens), uint64(r))
	var carry uint64
	t.low, carry = bits.Add64(t.low, low, 0)
	t.high, _ = bits.Add64(t.high, high, carry)
}

// microdollars divides by the million tokens that a rate is for, rounding up.
func (t *total) microdollars() Microdollars {
	if t.high >= 1e6 {
		return math.MaxInt64
	}
	quotient, rest := bits.Div64(t.high, t.low, 1e6)
	if quotient >= math.MaxInt64 {
		return math.MaxInt64
	}
	if rest > 0 {
		quotient++
	}
	return Microdollars(quotient)
}
