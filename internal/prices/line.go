package prices

import (
	"strconv"
	"strings"
)

// A line of the file is these fields with tabs between them, in dollars per
// million tokens; "-" stands for what is not published:
//
//	provider/model mode context output | input output read write write-hour | above input output read write write-hour
//
// The last six are left out for most models: they are the prices of requests
// whose input is longer than "above".
const (
	fieldsShort = 9
	fieldsLong  = 15
)

// parseLine reports false for a line that has not the right form, of which the
// embedded file has none.
func parseLine(line string) (Price, bool) {
	fields := strings.Split(line, "\t")
	if len(fields) != fieldsShort && len(fields) != fieldsLong {
		return Price{}, false
	}
	r := reader{fields: fields[1:], ok: true}
	p := Price{Mode: r.next(), Context: r.count(), MaxOutput: r.count(), Rates: r.rates()}
	if len(fields) == fieldsLong {
		p.LongAbove, p.Long = r.count(), r.rates()
	}
	return p, r.ok
}

// reader takes one field after the other.
type reader struct {
	fields []string
	ok     bool
}

func (r *reader) next() string {
	field := r.fields[0]
	r.fields = r.fields[1:]
	return field
}

func (r *reader) count() int64 {
	field := r.next()
	if field == "-" {
		return 0
	}
	n, err := strconv.ParseInt(field, 10, 64)
	r.ok = r.ok && err == nil && n >= 0
	return n
}

func (r *reader) rates() Rates {
	input, output := r.rate(0), r.rate(0)
	read, write := r.rate(input), r.rate(input)
	return Rates{Input: input, Output: output, CacheRead: read, CacheWrite: write, CacheWriteHour: r.rate(write)}
}

// rate reads dollars with up to six decimals, or returns the default for "-".
func (r *reader) rate(unpublished Rate) Rate {
	field := r.next()
	if field == "-" {
		return unpublished
	}
	whole, part, _ := strings.Cut(field, ".")
	if len(part) > 6 || len(whole) > 9 || !allDigits(whole+part) {
		r.ok = false
		return 0
	}
	n, _ := strconv.ParseInt(whole+part+"000000"[len(part):], 10, 64) // 15 digits at most
	return Rate(n)
}

// String writes a rate as the file has it: "3", "0.035".
func (r Rate) String() string {
	digits := strconv.FormatInt(int64(r), 10)
	if n := len("0000001") - len(digits); n > 0 {
		digits = "0000001"[:n] + digits
	}
	whole, part := digits[:len(digits)-6], strings.TrimRight(digits[len(digits)-6:], "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}
