package plan

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Call is one request of a log.
type Call struct {
	// At is when it arrived.
	At time.Time
	// Input is the whole prompt in tokens, Cached the part of it that the
	// provider read from its cache, Output the answer.
	Input, Cached, Output int64
	// Latency is how long the provider took; 0 means unknown.
	Latency time.Duration
	// Refused says that it had no answer for lack of room, so that its sizes are
	// not known.
	Refused bool
}

// Log is what could be read of one.
type Log struct {
	Calls []Call // in the order of their arrival
	// Bad are the lines that could not be read, at most MaxBad, and Skipped the
	// number of those that are about something else.
	Bad     []error
	Skipped int
}

// Options say how a log is read.
type Options struct {
	// Name stands before what is wrong: that of the file.
	Name string
	// MaxBad is how many lines may be bad; 0 means none.
	MaxBad int
}

// The bounds of a log.
const (
	maxLine  = 1 << 20 // bytes
	maxCalls = 5_000_000
	// maxPreface is how many lines may stand before the first of the log.
	maxPreface = 100
)

// errSkip says that a line is about something else.
var errSkip = errors.New("about something else")

// Read reads a log: JSON lines as Fallow writes them (`fallow serve --log-json`,
// or CloudWatch's messages), or CSV with a header of at least time,
// input_tokens and output_tokens. Which of both it is is told by the first line
// that is either: before it may stand what a program says to people, as `fallow
// serve` does on the same stream.
func Read(r io.Reader, o Options) (*Log, error) {
	log := &Log{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var read func([]byte) (Call, error)
	number := 0
	var neither error // what is wrong with the first line that is no form of log
	for lines.Scan() {
		number++
		text := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\uFEFF")))
		if len(text) == 0 {
			continue
		}
		if read == nil {
			columns, err := begin(text)
			if err != nil {
				neither = cmp.Or(neither, fmt.Errorf("%s:%d: %w", o.Name, number, err))
				if number >= maxPreface {
					return nil, neither
				}
				continue
			}
			if read = readJSON; columns != nil {
				read = columns.read
				continue
			}
		}
		if err := log.add(read, text, o, number); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", o.Name, number+1, err)
	}
	if read == nil && neither != nil {
		return nil, neither
	}
	return log, log.finish(o)
}

// begin tells JSON, for which it returns nothing, from CSV.
func begin(first []byte) (*columns, error) {
	if first[0] == '{' {
		return nil, nil
	}
	return newColumns(first)
}

func (l *Log) add(read func([]byte) (Call, error), text []byte, o Options, number int) error {
	call, err := read(text)
	switch {
	case errors.Is(err, errSkip):
		l.Skipped++
	case err != nil:
		l.Bad = append(l.Bad, fmt.Errorf("%s:%d: %w", o.Name, number, err))
		if len(l.Bad) > o.MaxBad {
			return fmt.Errorf("%w\n%d bad lines, at most %d are let pass", errors.Join(l.Bad[:min(5, len(l.Bad))]...), len(l.Bad), o.MaxBad)
		}
	case len(l.Calls) == maxCalls:
		return fmt.Errorf("%s:%d: more than %d requests; take a shorter time", o.Name, number, maxCalls)
	default:
		l.Calls = append(l.Calls, call)
	}
	return nil
}

// finish orders the calls and gives those that were refused the middle size of
// the others.
func (l *Log) finish(o Options) error {
	slices.SortStableFunc(l.Calls, func(a, b Call) int { return a.At.Compare(b.At) })
	var known []Call
	for _, c := range l.Calls {
		if !c.Refused {
			known = append(known, c)
		}
	}
	if len(known) == 0 {
		return fmt.Errorf("%s: holds no request that was answered", o.Name)
	}
	typical := Call{
		Input: middle(known, func(c Call) int64 { return c.Input }), Cached: middle(known, func(c Call) int64 { return c.Cached }),
		Output: middle(known, func(c Call) int64 { return c.Output }),
	}
	typical.Latency = time.Duration(middle(known, func(c Call) int64 { return int64(c.Latency) }))
	for i := range l.Calls {
		c := &l.Calls[i]
		if c.Refused {
			c.Input, c.Cached, c.Output, c.Latency = typical.Input, min(typical.Cached, typical.Input), typical.Output, typical.Latency
		}
		c.Latency = cmp.Or(c.Latency, guess(c.Output))
	}
	return nil
}

func middle(calls []Call, of func(Call) int64) int64 {
	all := make([]int64, len(calls))
	for i, c := range calls {
		all[i] = of(c)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// guess is how long an answer takes of which nobody has noted it: a second, and
// a second for every 60 tokens.
func guess(output int64) time.Duration {
	return time.Second + time.Duration(output)*time.Second/60
}
