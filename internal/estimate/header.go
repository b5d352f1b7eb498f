package estimate

import (
	"bytes"
	"encoding/base64"
)

// header reads the first bytes of data in base64, without decoding more than is
// asked for and never more than headerBytes. It does not use base64.NewDecoder,
// which allocates and knows nothing of JSON's escapes.
type header struct {
	text []byte // what is not yet decoded, as JSON writes it
	read int    // bytes decoded so far
	// chunk[from:to] is decoded and not yet read. Places instead of a slice let
	// a header live on the stack.
	chunk    [chunkLetters / 4 * 3]byte
	from, to int
}

const (
	// headerBytes covers the metadata that cameras and editors put before the
	// dimensions of a JPEG, in all but a few files.
	headerBytes = 64 << 10
	// chunkLetters is a multiple of four, so that no chunk ends within a group.
	chunkLetters = 4 << 10
)

// have is what is decoded and not yet read.
func (h *header) have() []byte { return h.chunk[h.from:h.to] }

// fill decodes the next chunk in place of what was read. It reports false when
// there is no more or it may not be read.
func (h *header) fill() bool {
	if h.read >= headerBytes {
		return false
	}
	var letters [chunkLetters]byte
	n := h.letters(letters[:])
	group := bytes.TrimRight(letters[:n], "=")
	// What was decoded before a wrong letter counts; nothing is read after it.
	n, err := base64.RawStdEncoding.Decode(h.chunk[:], group)
	if err != nil {
		h.text = nil
	}
	h.from, h.to = 0, n
	h.read += n
	return n > 0
}

// letters fills dst with base64, which may be written with escapes: PHP writes
// every slash as "\/", and old mail libraries break lines.
func (h *header) letters(dst []byte) (n int) {
	for n < len(dst) && len(h.text) > 0 {
		plain := h.text[:min(len(h.text), len(dst)-n)]
		if i := bytes.IndexByte(plain, '\\'); i >= 0 {
			plain = plain[:i]
		}
		n += copy(dst[n:], plain)
		h.text = h.text[len(plain):]
		if n == len(dst) || len(h.text) == 0 {
			return n
		}
		if len(h.text) > 1 && h.text[1] == '/' {
			dst[n] = '/'
			n++
		}
		h.text = h.text[min(2, len(h.text)):]
	}
	return n
}

// next returns the next byte, or -1.
func (h *header) next() int {
	if h.from == h.to && !h.fill() {
		return -1
	}
	h.from++
	return int(h.chunk[h.from-1])
}

// uint16 returns the next two bytes as a number, the greater first, or -1.
func (h *header) uint16() int {
	high, low := h.next(), h.next()
	if high < 0 || low < 0 {
		return -1
	}
	return high<<8 | low
}

// skip moves n bytes on, n >= 0.
func (h *header) skip(n int) {
	for n > h.to-h.from {
		n -= h.to - h.from
		if !h.fill() {
			h.from = h.to
			return
		}
	}
	h.from += n
}
