// Package secret holds credentials and the places they come from.
package secret

import "log/slog"

// redacted is what every printing of a Value shows.
const redacted = "[redacted]"

// Value is a credential. It prints as "[redacted]" whatever is done to it
// (fmt, slog, JSON, text); only Reveal gives it away, so that a search for
// that one word finds every place a secret can leave from.
type Value struct{ s string }

// New wraps a credential.
func New(s string) Value { return Value{s: s} }

// Reveal returns the credential itself. The only callers should be those that
// put it on the wire or compare it.
func (v Value) Reveal() string { return v.s }

// Empty reports whether there is no credential.
func (v Value) Empty() bool { return v.s == "" }

func (Value) String() string               { return redacted }
func (Value) GoString() string             { return redacted }
func (Value) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
