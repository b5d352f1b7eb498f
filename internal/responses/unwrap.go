package responses

import (
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// unwrapper takes the text of a custom tool out of the arguments of the function
// that stands for it, {"input":"…"}, while they arrive: patches are long, and
// clients show them as they grow. What is no such object is taken as a whole, at
// the end: the model has then sent the text without its wrapping, or the member
// not first.
type unwrapper struct {
	state   unwrapState
	matched int    // bytes of the opening that were found
	held    []byte // not yet understood: all of it, or the start of an escape
}

type unwrapState int

const (
	opening unwrapState = iota // {"input":" may still come
	inside                     // the text
	closed                     // behind it
	bare                       // something else
)

// wrapping is how the arguments begin, with white space allowed before each of
// its signs but not inside the name.
const wrapping = `{"input":"`

// feed takes in more of the arguments and returns what they add to the text.
func (u *unwrapper) feed(s string) string {
	if u.state == closed {
		return ""
	}
	u.held = append(u.held, s...)
	if u.state == opening {
		u.open(len(u.held) - len(s))
	}
	if u.state != inside {
		return ""
	}
	return u.read()
}

// open looks for the wrapping in what is held, from where it has not looked yet.
func (u *unwrapper) open(from int) {
	for i := from; i < len(u.held); i++ {
		c := u.held[i]
		switch {
		case c == wrapping[u.matched]:
			u.matched++
		case strings.IndexByte(" \t\r\n", c) >= 0 && (u.matched <= 1 || u.matched >= len(`{"input"`)):
		default:
			u.state = bare
			return
		}
		if u.matched == len(wrapping) {
			u.state = inside
			u.held = append(u.held[:0], u.held[i+1:]...)
			return
		}
	}
}

// read decodes what is held as far as it is certain.
func (u *unwrapper) read() string {
	var text []byte
	i := 0
	for i < len(u.held) && u.state == inside {
		switch c := u.held[i]; c {
		case '"':
			u.state = closed
		case '\\':
			r, n := escape(u.held[i:])
			if n == 0 {
				u.held = append(u.held[:0], u.held[i:]...)
				return string(text)
			}
			text = utf8.AppendRune(text, r)
			i += n
		default:
			text = append(text, c)
			i++
		}
	}
	u.held = u.held[:0]
	return string(text)
}

// escape decodes the escape that s begins with; n is 0 while more of it is to come.
func escape(s []byte) (r rune, n int) {
	const unicodeLen = len(`\u0000`)
	switch {
	case len(s) < 2:
		return 0, 0
	case s[1] != 'u':
		return simpleEscape(s[1]), 2
	case len(s) < unicodeLen:
		return 0, 0
	}
	r = hex4(s[2:])
	if !utf16.IsSurrogate(r) {
		return r, unicodeLen
	}
	rest := s[unicodeLen:]
	if n := min(len(rest), 2); string(rest[:n]) != `\u`[:n] {
		return utf8.RuneError, unicodeLen // half a character
	}
	if len(rest) < unicodeLen {
		return 0, 0
	}
	if pair := utf16.DecodeRune(r, hex4(rest[2:])); pair != utf8.RuneError {
		return pair, 2 * unicodeLen
	}
	return utf8.RuneError, unicodeLen
}

func simpleEscape(c byte) rune {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return rune("\b\f\n\r\t"[i])
	}
	return rune(c) // itself, as in \" and \\
}

// hex4 reads four digits; other bytes make an odd character, not an error.
func hex4(s []byte) (r rune) {
	for _, c := range s[:4] {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 {
			return utf8.RuneError
		}
		r = r<<4 | rune(d)
	}
	return r
}

// end returns what is left when no more comes.
func (u *unwrapper) end() string {
	if u.state == inside || u.state == closed {
		return "" // at most the start of an escape that was cut off
	}
	text := string(u.held)
	if v := gjson.Get(text, "input"); isString(v) && json.Valid(u.held) {
		return v.Str
	}
	if u.state == opening {
		return "" // cut off before the text began
	}
	return text
}
