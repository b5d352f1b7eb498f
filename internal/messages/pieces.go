package messages

import (
	"github.com/tidwall/gjson"
)

// piece is a part of a message's content. Its strings are raw JSON without
// quotes, since most of them are only moved from one place to another.
type piece struct {
	kind  string // "text", "image_url" or "file"
	data  string // the text, the URL, or base64
	media string // the type of what is in base64
	name  string // of a file
	mark  gjson.Result
}

func textPiece(text string) piece { return piece{kind: "text", data: text} }

// paragraph stands between the texts of several blocks when they become one.
const paragraph = `\n\n`

// appendContent writes the value of a "content" field. Texts alone become one
// string: some compatible servers know no other form, and none minds. A dialect
// of our own gets a list, in which breakpoints keep their place.
func appendContent(dst []byte, pieces []piece, between string, extended bool) []byte {
	if extended && len(pieces) > 0 || hasMedia(pieces) {
		return appendParts(dst, pieces, extended)
	}
	dst = append(dst, '"')
	for i, p := range pieces {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = append(dst, p.data...)
	}
	return append(dst, '"')
}

func hasMedia(pieces []piece) bool {
	for _, p := range pieces {
		if p.kind != "text" {
			return true
		}
	}
	return false
}

func appendParts(dst []byte, pieces []piece, extended bool) []byte {
	dst = append(dst, '[')
	for _, p := range pieces {
		dst = p.append(next(dst))
		if extended && p.mark.IsObject() {
			dst = append(append(dst[:len(dst)-1], `,"cache_control":`...), p.mark.Raw...)
			dst = append(dst, '}')
		}
	}
	return append(dst, ']')
}

func (p piece) append(dst []byte) []byte {
	switch p.kind {
	case "image_url":
		return append(p.appendURL(append(dst, `{"type":"image_url","image_url":{"url":"`...)), `"}}`...)
	case "file":
		dst = append(append(dst, `{"type":"file","file":{"filename":"`...), p.name...)
		return append(p.appendURL(append(dst, `","file_data":"`...)), `"}}`...)
	}
	return append(append(append(dst, `{"type":"text","text":"`...), p.data...), `"}`...)
}

func (p piece) appendURL(dst []byte) []byte {
	if p.media != "" {
		dst = append(append(append(dst, "data:"...), p.media...), ";base64,"...)
	}
	return append(dst, p.data...)
}
