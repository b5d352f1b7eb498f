package estimate

import (
	"bytes"
	"encoding/binary"
)

// Picture is what a Formula goes by.
type Picture struct {
	// Width and Height are in pixels; zero when unknown.
	Width, Height int
	// Low says that the client asked for detail "low".
	Low bool
}

func (p Picture) known() bool { return p.Width > 0 && p.Height > 0 }

// pictureOf reads the dimensions from the first bytes of a PNG, JPEG, GIF or
// WebP, the formats that providers take. They are zero if the bytes are of none
// of these or broken. image.DecodeConfig would allocate some 10 KB for a JPEG
// and does not know WebP.
func pictureOf(h *header) (p Picture) {
	b := h.have()
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) && len(b) >= 24:
		p.Width = int(binary.BigEndian.Uint32(b[16:]))
		p.Height = int(binary.BigEndian.Uint32(b[20:]))
	case (bytes.HasPrefix(b, []byte("GIF87a")) || bytes.HasPrefix(b, []byte("GIF89a"))) && len(b) >= 10:
		p.Width = int(binary.LittleEndian.Uint16(b[6:]))
		p.Height = int(binary.LittleEndian.Uint16(b[8:]))
	case bytes.HasPrefix(b, []byte("RIFF")) && len(b) >= 30:
		p = webp(b)
	case bytes.HasPrefix(b, []byte("\xff\xd8")):
		p = jpeg(h)
	}
	return p
}

// webp reads the first chunk, which is of one of three kinds: a canvas before
// other chunks, a lossless and a lossy frame. (RFC 9649, sections 2.5 to 2.7.)
func webp(b []byte) (p Picture) {
	switch string(b[8:16]) {
	case "WEBPVP8X":
		p.Width = 1 + uint24(b[24:])
		p.Height = 1 + uint24(b[27:])
	case "WEBPVP8L":
		packed := binary.LittleEndian.Uint32(b[21:])
		p.Width = 1 + int(packed&0x3fff)
		p.Height = 1 + int(packed>>14&0x3fff)
	case "WEBPVP8 ":
		p.Width = int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff)
		p.Height = int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	}
	return p
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// jpeg looks for the frame header, which comes after any number of segments with
// metadata. (ITU-T T.81, annex B.)
func jpeg(h *header) (p Picture) {
	h.skip(2)
	for {
		marker := h.next()
		for marker == 0xff {
			marker = h.next()
		}
		size := h.uint16()
		switch {
		case size < 2, marker == 0xd9, marker == 0xda:
			return p // the end, or the picture begins without a frame header
		case marker&^0xf == 0xc0 && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			h.skip(1)
			p.Height, p.Width = max(h.uint16(), 0), max(h.uint16(), 0)
			return p
		}
		h.skip(size - 2)
	}
}
