// Package secret holds credentials and the places they come from.
//
// A configuration names credentials by reference (Ref); a Source reads what a
// reference points to; a Cache keeps what was read, so that a request costs no
// look-up and an outage of the source costs no request.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// redacted is what every printing of a Value shows.
const redacted = "[redacted]"

// Value is a credential. It prints as "[redacted]" whatever is done to it
// (fmt, slog, JSON, text); only Reveal gives it away, so that a search for
// that one word finds every place a secret can leave from.
//
// The text stands behind a pointer because fmt prints the unexported fields of
// the structs around a Value by reflection, without asking its methods: a
// string would be shown, a pointer is an address. unique.Handle is chosen over
// *string since two Values of one text are then still equal under ==. Nothing
// helps against tools that follow the pointers of unexported fields (go-cmp,
// spew); they have no place outside tests.
type Value struct{ h unique.Handle[string] }

// New wraps a credential. New("") is the zero Value.
func New(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{h: unique.Make(s)}
}

// Reveal returns the credential itself. The only callers should be those that
// put it on the wire or compare it.
func (v Value) Reveal() string {
	if v.Empty() {
		return ""
	}
	return v.h.Value()
}

// Empty reports whether there is no credential.
func (v Value) Empty() bool { return v == Value{} }

// Hash returns the SHA-256 of the credential, by which it can be looked up
// without the table holding it. The hash of a short or guessable credential
// gives it away; it is no more fit for logs than the credential.
func (v Value) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(v.Reveal())) }

// Equal reports whether both are the same credential, in a time that depends
// on neither text. Two empty Values are not equal: a credential that could not
// be read must never match a client that sent none.
func (v Value) Equal(w Value) bool {
	a, b := v.Hash(), w.Hash()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && !v.Empty() && !w.Empty()
}

// Format prints "[redacted]" for every verb; without it, those that do not ask
// for a Stringer (%d, %t) would print the fields.
func (Value) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redacted) }

func (Value) String() string               { return redacted }
func (Value) GoString() string             { return redacted }
func (Value) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
