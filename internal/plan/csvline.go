package plan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// columns says where in a line the fields stand; -1 is nowhere.
type columns struct {
	count                                int
	time, input, output, cached, latency int
}

func newColumns(header []byte) (*columns, error) {
	fields, err := split(header)
	if err != nil {
		return nil, err
	}
	c := &columns{count: len(fields), time: -1, input: -1, output: -1, cached: -1, latency: -1}
	places := map[string]*int{
		"time": &c.time, "input_tokens": &c.input, "output_tokens": &c.output, "cached_tokens": &c.cached, "latency_ms": &c.latency,
	}
	for i, name := range fields {
		if at := places[strings.ToLower(strings.TrimSpace(name))]; at != nil {
			if *at >= 0 {
				return nil, fmt.Errorf("column %q stands twice", name)
			}
			*at = i
		}
	}
	if min(c.time, c.input, c.output) < 0 {
		return nil, neitherForm(header)
	}
	return c, nil
}

// neitherForm says what a log begins with, and knows the two mistakes at hand.
func neitherForm(first []byte) error {
	const form = "the first line is neither JSON nor a header of CSV with the columns time, input_tokens and output_tokens (and, if they are known, cached_tokens and latency_ms)"
	switch {
	case bytes.Contains(first, []byte("level=")):
		return errors.New(form + ": this is Fallow's log as text, write it with fallow serve --log-json")
	case bytes.Count(first, []byte(";")) >= 2:
		return errors.New(form + ": separate them by commas")
	}
	return errors.New(form)
}

func (c *columns) read(text []byte) (Call, error) {
	fields, err := split(text)
	if err != nil {
		return Call{}, err
	}
	if len(fields) != c.count {
		return Call{}, fmt.Errorf("has %d fields, the header has %d", len(fields), c.count)
	}
	call, problems := Call{}, []error(nil)
	number := func(name string, at int, most int64) int64 {
		if at < 0 || at != c.input && at != c.output && strings.TrimSpace(fields[at]) == "" {
			return 0
		}
		n, err := strconv.ParseInt(strings.TrimSpace(fields[at]), 10, 64)
		if err != nil || n < 0 || n > most {
			problems = append(problems, fmt.Errorf("%s %q is not a whole number between 0 and %d", name, fields[at], most))
		}
		return n
	}
	call.Input, call.Output = number("input_tokens", c.input, maxTokens), number("output_tokens", c.output, maxTokens)
	call.Cached = number("cached_tokens", c.cached, maxTokens)
	call.Latency = time.Duration(number("latency_ms", c.latency, maxMillis)) * time.Millisecond
	if call.At, err = moment(strings.TrimSpace(fields[c.time])); err != nil {
		problems = append(problems, err)
	}
	if len(problems) == 0 && call.Cached > call.Input {
		problems = append(problems, fmt.Errorf("cached_tokens %d are more than input_tokens %d", call.Cached, call.Input))
	}
	if len(problems) == 0 {
		return call, nil
	}
	return Call{}, joined(problems)
}

// joined is all that is wrong with a line, on one line.
func joined(problems []error) error {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// split reads one line; a field over several lines is not taken, as no field
// here has a reason to be one.
func split(text []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("not CSV: %w", err)
	}
	return fields, nil
}

// moment reads RFC 3339, the same with a space and without a zone (then UTC),
// and seconds or milliseconds since 1970.
func moment(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	const seconds, millis = 1e8, 1e11 // 1973, in each
	switch v, err := strconv.ParseFloat(text, 64); {
	case err == nil && v >= millis && v < 1e14:
		return time.UnixMilli(int64(v)).UTC(), nil
	case err == nil && v >= seconds && v < millis:
		return time.UnixMicro(int64(v * 1e6)).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("time %q is neither RFC 3339, nor 2006-01-02 15:04:05, nor seconds or milliseconds since 1970", text)
}
