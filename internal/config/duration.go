package config

import (
	"errors"
	"strings"
	"time"
)

// Duration is a time.Duration written as "30s" or "14m".
type Duration time.Duration

// D returns the duration as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String writes the duration as a person would: "14m", where the standard
// library has "14m0s".
func (d Duration) String() string {
	s := d.D().String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes the duration as UnmarshalText reads it, for YAML and JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

var errDuration = errors.New(`is not a duration: write a number and its unit, such as "30s" or "5m"`)

// UnmarshalText reads a duration. A bare number is refused: whether it meant
// seconds or milliseconds would be a guess.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return errDuration
	}
	*d = Duration(v)
	return nil
}
