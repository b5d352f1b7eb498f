package storm

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxEvent bounds a line of a stream.
const maxEvent = 1 << 20

// readStream reads server-sent events of either dialect, calls content at
// those that carry some, and reports whether the answer came to its end.
func readStream(r io.Reader, content func()) (whole bool, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok:
		case data == "[DONE]" || strings.Contains(data, `"type":"message_stop"`):
			whole = true
		case strings.HasPrefix(data, `{"error"`) || strings.Contains(data, `"type":"error"`):
			return false, errors.New(data[:min(len(data), 200)])
		case strings.Contains(data, `"content_block_delta"`) || hasContent(data):
			content()
		}
	}
	return whole, lines.Err()
}

// hasContent reports whether a chunk of Chat Completions carries text.
func hasContent(data string) bool {
	_, rest, found := strings.Cut(data, `"content":`)
	rest = strings.TrimLeft(rest, " ")
	return found && strings.HasPrefix(rest, `"`) && !strings.HasPrefix(rest, `""`)
}
