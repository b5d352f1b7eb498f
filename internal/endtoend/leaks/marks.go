// Package leaks finds planted secrets in what leaves a system under test: what
// its processes print, what they answer, what they store and export.
//
// A secret is planted as a Mark. All that leaves goes through a Collector, which
// looks for every mark, whole or in half, plain or encoded. Half, because those
// who clip a text or mask it with dots cut secrets in two. What is found is told
// by the mark's name and the place, never by the secret: the output of a failed
// test is public more often than the log that it accuses.
//
// It cannot see a secret that was encrypted, compressed or hashed on its way, nor
// the last four letters of one.
package leaks

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Marks are the planted secrets. The zero Marks has none and is ready; it is safe
// for concurrent use.
type Marks struct {
	mu sync.RWMutex // guards byStart
	// byStart finds needles by their first bytes, so that a text is gone through
	// once and not once for each.
	byStart map[start][]needle
}

// needle is a text that betrays the mark of that name.
type needle struct {
	mark, form string
	text       []byte
}

type start [4]byte

// coreSize is the length in letters of what is unlike any other text in a secret.
const coreSize = 32

// Plant returns the secret of that name, which begins with prefix, as secrets of
// its kind do, and goes on with 32 lower-case letters and digits. The same name
// gives the same secret, so that processes and tests agree without a word.
func (m *Marks) Plant(name, prefix string) string {
	core := coreOf(name)
	m.Add(name, core)
	return prefix + core
}

// coreOf is the same for each run: a test that failed fails again.
func coreOf(name string) string {
	sum := sha256.Sum256([]byte("planted: " + name))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:coreSize]
}

// shortest is how long a text must be for its halves not to be met by chance.
const shortest = 16

// Add plants a secret whose form is not ours to choose, such as an access key's
// id. It panics if the text is shorter than 16 bytes. A second text of the same
// name is planted beside the first.
func (m *Marks) Add(name, text string) {
	if len(text) < shortest {
		panic(fmt.Sprintf("leaks: the text of %q is too short to be told from others", name))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byStart == nil {
		m.byStart = map[start][]needle{}
	}
	for _, n := range needlesOf(name, text) {
		at := start(n.text)
		if !slices.ContainsFunc(m.byStart[at], func(o needle) bool { return o.mark == name && bytes.Equal(o.text, n.text) }) {
			m.byStart[at] = append(m.byStart[at], n)
		}
	}
}

// needlesOf lists the forms in which a text is looked for.
func needlesOf(name, text string) []needle {
	inHex := hex.EncodeToString([]byte(text))
	all := []needle{
		{name, "as it is", []byte(text[:len(text)/2])},
		{name, "as it is", []byte(text[len(text)/2:])},
		{name, "in hexadecimal", []byte(inHex)},
		{name, "in hexadecimal", []byte(strings.ToUpper(inHex))},
	}
	for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			all = append(all, needle{name, "in base64", within(coding, text, before)})
		}
	}
	return all
}

// within is how a text looks in the base64 of a longer one that has so many bytes,
// modulo three, before it: whole groups only, for the letters at the ends depend
// on the neighbours.
func within(coding *base64.Encoding, text string, before int) []byte {
	skip := (3 - before) % 3
	whole := (len(text) - skip) / 3 * 3
	return []byte(coding.EncodeToString([]byte(text[skip : skip+whole])))
}

// Leak is a planted secret that was found where none may be.
type Leak struct {
	// Mark is the name of the secret, Form how it stood there.
	Mark, Form string
	// Where is the place that was searched, Line the line of it, from 1.
	Where string
	Line  int
	// Context is what stands before it in its line, as far as that is no part of
	// it: 60 bytes at most.
	Context string
}

// String is one line, without the secret.
func (l Leak) String() string {
	return fmt.Sprintf("%s came out %s in %s, line %d, after %q", l.Mark, l.Form, l.Where, l.Line, l.Context)
}

// Find searches data for all marks. It tells of each mark once, at its first
// place.
func (m *Marks) Find(where string, data []byte) (found []Leak) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.each(data, func(at int, n needle) bool {
		if !slices.ContainsFunc(found, func(l Leak) bool { return l.Mark == n.mark }) {
			found = append(found, Leak{n.mark, n.form, where, 1 + bytes.Count(data[:at], []byte{'\n'}), m.before(data[:at])})
		}
		return true
	})
	return found
}

// each calls f with each place where a secret stands, until f returns false. The
// caller holds mu.
func (m *Marks) each(data []byte, f func(at int, n needle) bool) {
	for at := 0; at+len(start{}) <= len(data); at++ {
		for _, n := range m.byStart[start(data[at:])] {
			if bytes.HasPrefix(data[at:], n.text) && !f(at, n) {
				return
			}
		}
	}
}

const maxContext = 60

// before is what may be shown of the line that ends in a secret: nothing if
// another one stands before it, and never the word that the secret stands in,
// which may be the rest of it.
func (m *Marks) before(data []byte) string {
	line := data[bytes.LastIndexByte(data, '\n')+1:]
	shown := true
	m.each(line, func(int, needle) bool { shown = false; return false })
	if !shown {
		return ""
	}
	end := bytes.LastIndexAny(line, " \t\"'=:,;/<>{}[]()") + 1
	return string(line[max(0, end-maxContext):end])
}
