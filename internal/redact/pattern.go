package redact

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// MaxPattern bounds the length of an own pattern, in bytes.
const MaxPattern = 1000

// Check says what is wrong with an own pattern, and what would be right.
//
// A match of RE2 takes time in proportion to the text, but many matches, each
// of which has to look far ahead, take as much as their product. Of the ready
// rules none does; of an own one it is the operator's affair, within the bound
// of what a route may log.
func Check(pattern string) error {
	_, err := compile(pattern)
	return err
}

func compile(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > MaxPattern {
		return nil, fmt.Errorf("the pattern has %d bytes, at most %d may be: split it into several rules", len(pattern), MaxPattern)
	}
	re, err := regexp.Compile(pattern)
	var wrong *syntax.Error
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("the pattern is not of RE2's syntax: %s at %q; %s", wrong.Code, wrong.Expr, hint(wrong.Code))
	case err != nil:
		return nil, fmt.Errorf("the pattern is not of RE2's syntax: %w", err)
	case re.MatchString(""):
		return nil, errors.New("the pattern matches the empty text: write + for *, or name what must be there")
	}
	return re, nil
}

func hint(code syntax.ErrorCode) string {
	switch code {
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidNamedCapture, syntax.ErrInvalidEscape:
		return "there is no look-around and no back-reference, and a literal backslash is written twice"
	case syntax.ErrInvalidRepeatSize:
		return "at most 1000 repetitions can be counted"
	}
	return "see https://github.com/google/re2/wiki/Syntax"
}
