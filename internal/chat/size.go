package chat

import "strings"

// attachmentBytes stands for an image or file in InputBytes. Images cost some
// 1,500 tokens whatever the size of their file (OpenAI and Anthropic docs on
// vision); this is that many tokens as text.
const attachmentBytes = 6 << 10

// InputBytes is how much text the model will read, in bytes of JSON: the basis
// for an estimate of input tokens. Data that is embedded in base64 counts for
// at most 6 KiB each: by its length, one photograph would book the quota of a
// thousand requests.
func (r *Request) InputBytes() int64 {
	var n int64
	for _, field := range []string{"messages", "tools", "response_format"} {
		raw := r.Get(field).Raw
		n += int64(len(raw)) - embedded(raw)
	}
	return n
}

// embedded is by how much the data URLs in raw are longer than they count.
func embedded(raw string) (excess int64) {
	const mark = ";base64,"
	for {
		_, rest, found := strings.Cut(raw, mark)
		if !found {
			return excess
		}
		end := strings.IndexByte(rest, '"')
		if end < 0 {
			return excess
		}
		excess += int64(max(end-attachmentBytes, 0))
		raw = rest[end:]
	}
}
