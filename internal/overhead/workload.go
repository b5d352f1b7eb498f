package overhead

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Workload is a request and the answer that the upstream gives to it.
type Workload struct {
	// Name is for people, as "2 KB".
	Name string
	// Bytes is the size of the request's body, 256 at least.
	Bytes int
	// Events is how many events the answer has; 0 means that it is not streamed.
	Events int
	// Pace is the time between two events; 0 means that all come at once.
	Pace time.Duration
}

// Stream reports whether the answer comes as events.
func (w Workload) Stream() bool { return w.Events > 0 }

// Model is the one that all requests name.
const Model = "bench"

// The order for a stream stands in the prompt, the one part of a request that
// every gateway hands on as it is.
const order = "stream-of:"

// body is a Chat Completions request of a conversation. Each is a conversation
// of its own, which gateways may tie to a key.
func (w Workload) body(conversation int) []byte {
	ask, stream := "", ""
	if w.Stream() {
		ask, stream = fmt.Sprintf(" %s%d:%d;", order, w.Events, w.Pace.Microseconds()), `,"stream":true`
	}
	head := `{"model":"` + Model + `"` + stream + `,"messages":[{"role":"system","content":"You review changes."},{"role":"user","content":"Change ` + strconv.Itoa(conversation) + `: `
	tail := ask + `"}],"max_tokens":1024}`
	const words = "func review(change string) error; "
	filler := strings.Repeat(words, w.Bytes/len(words)+1)
	return []byte(head + filler[:max(0, w.Bytes-len(head)-len(tail))] + tail)
}

// ordered is the stream that a request's body orders; events is 0 if it is none.
func ordered(body []byte) (events int, pace time.Duration) {
	at := bytes.LastIndex(body, []byte(order))
	if at < 0 {
		return 0, 0
	}
	text, _, _ := bytes.Cut(body[at+len(order):], []byte(";"))
	count, gap, _ := strings.Cut(string(text), ":")
	events, err := strconv.Atoi(count)
	us, wrong := strconv.Atoi(gap)
	if err != nil || wrong != nil || events < 0 || us < 0 {
		return 0, 0
	}
	return events, time.Duration(us) * time.Microsecond
}

// Target is where a contestant takes requests.
type Target struct {
	// Addr is host and port.
	Addr string
	// Header is what its clients send beside the usual.
	Header http.Header
}

// request is a whole HTTP request of a conversation. It is made once and sent many times, since a
// client that is slower than a gateway measures itself.
func (t Target) request(w Workload, conversation int) []byte {
	body := w.body(conversation)
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", t.Addr, len(body))
	_ = t.Header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
