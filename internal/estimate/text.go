package estimate

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// tally counts the bytes of UTF-8 that a piece of JSON text stands for: those of
// ASCII and those of all other characters. Escapes count as what they mean.
//
// It takes eight bytes at a time as long as none is a backslash. To search for
// backslashes with bytes.IndexByte was slower, since code has one in every dozen
// bytes; going by runes is slower by far.
func tally(text []byte) (ascii, wide int64) {
	saved := 0 // bytes by which the text is longer than what it means
	for i := 0; i < len(text); {
		if len(text)-i >= 8 {
			word := binary.LittleEndian.Uint64(text[i:])
			found := backslashes(word)
			if found == 0 {
				wide += int64(bits.OnesCount64(word & highs))
				i += 8
				continue
			}
			wide += int64(bits.OnesCount64(word & highs & (found&-found - 1)))
			i += bits.TrailingZeros64(found) / 8
		} else if text[i] != '\\' {
			wide += int64(text[i] >> 7)
			i++
			continue
		}
		if i+1 < len(text) && text[i+1] != 'u' {
			i += 2
			saved++
			continue
		}
		size, length := escape(text[i:])
		i += length
		saved += length - size
		if size > 1 {
			wide += int64(size)
		}
	}
	return int64(len(text)-saved) - wide, wide
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// backslashes returns a word whose lowest bit is set in the first byte that is a
// backslash; zero if none is. What is set above that bit means nothing.
func backslashes(word uint64) uint64 {
	word ^= ones * '\\' // makes a backslash zero
	return (word - ones) &^ word & highs
}

// escape reads the escape by number that text begins with: how many bytes of
// UTF-8 it stands for, and its own length.
func escape(text []byte) (size, length int) {
	const form = len(`\u0000`)
	if len(text) < form {
		return 1, len(text) // not JSON
	}
	var r rune
	for _, c := range text[2:form] {
		r = r<<4 | hexDigit(c)
	}
	if size = utf8.RuneLen(r); size < 0 {
		size = 2 // half of a surrogate pair, which together make four
	}
	return size, form
}

// hexDigit is the value of a digit of valid JSON.
func hexDigit(c byte) rune {
	if c <= '9' {
		return rune(c - '0')
	}
	return rune(c|0x20-'a'+10) & 0xf
}
