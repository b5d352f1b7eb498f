package dialogue

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// Sign makes the signature of a thinking block. It depends on the text, so
// that a gateway which edits thinking, or mixes up two blocks, is found out.
func Sign(text string, digest uint64) string {
	nonce := binary.BigEndian.AppendUint64(nil, digest)
	return base64.StdEncoding.EncodeToString(append(nonce, seal(nonce, text)...))
}

// Signed reports whether signature was made by Sign for this text.
func Signed(text, signature string) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && len(raw) == 8+sha256.Size && bytes.Equal(raw[8:], seal(raw[:8], text))
}

func seal(nonce []byte, text string) []byte {
	sum := sha256.Sum256(append(append([]byte("simulated thinking\x00"), nonce...), text...))
	return sum[:]
}
