package responses

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func indent(t *testing.T, doc []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, doc, "", "  "); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, doc)
	}
	return append(out.Bytes(), '\n')
}

func parse(t testing.TB, body string) *Request {
	t.Helper()
	req, err := Parse([]byte(body))
	if err != nil {
		t.Fatalf("parsing %s: %v", body, err)
	}
	return req
}

// compatible is a dialect that passes Chat Completions through and has nothing else.
type compatible struct{ provider.Dialect }

func (compatible) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	return &provider.Call{Body: req.WithModel(model), Stream: req.Stream, Answer: passThrough{}}, nil
}

type passThrough struct{}

func (passThrough) Whole(body []byte) (provider.Reply, error) {
	return provider.Reply{Body: body, Usage: usageOf(gjson.GetBytes(body, "usage"))}, nil
}

func (passThrough) Stream(body io.Reader) provider.Stream {
	return &chunks{events: sse.NewReader(body, 0)}
}

func usageOf(u gjson.Result) upstream.Usage {
	cached := u.Get("prompt_tokens_details.cached_tokens").Int()
	return upstream.Usage{
		InputTokens: u.Get("prompt_tokens").Int() - cached, CacheReadTokens: cached,
		OutputTokens:    u.Get("completion_tokens").Int(),
		ReasoningTokens: u.Get("completion_tokens_details.reasoning_tokens").Int(),
		Exact:           u.IsObject(),
	}
}

// chunks are those of a body. Only [DONE] ends them well.
type chunks struct {
	events *sse.Reader
	usage  upstream.Usage
}

func (c *chunks) Usage() upstream.Usage { return c.usage }

func (c *chunks) Next() (provider.Chunk, error) {
	e, err := c.events.Next()
	switch {
	case errors.Is(err, io.EOF):
		return provider.Chunk{}, &upstream.Fault{Class: upstream.Truncated, Message: "cut off"}
	case err != nil:
		return provider.Chunk{}, err
	case string(e.Data) == "[DONE]":
		return provider.Chunk{}, io.EOF
	}
	doc := gjson.ParseBytes(e.Data)
	if u := doc.Get("usage"); u.IsObject() {
		c.usage = usageOf(u)
	}
	content := false
	doc.Get("choices.0.delta").ForEach(func(name, v gjson.Result) bool {
		content = content || name.Str != "role" && !isEmpty(v)
		return true
	})
	return provider.Chunk{Data: e.Data, Content: content}, nil
}

// encode makes the call for a dialect without the API.
func encode(t testing.TB, body string) *provider.Call {
	t.Helper()
	call, err := Encode(parse(t, body), compatible{}, provider.NativeRequest{Model: "upstream-model"})
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	return call
}

// sent is an event as a client gets it.
type sent struct {
	name    string
	data    gjson.Result
	content bool
}

// drain reads a stream to its end. Data is copied: it is valid until the next call.
func drain(s provider.Stream) (all []sent, err error) {
	for {
		chunk, err := s.Next()
		if err != nil {
			return all, err
		}
		if len(chunk.Data) > 0 {
			all = append(all, sent{chunk.Event, gjson.Parse(string(chunk.Data)), chunk.Content})
		}
	}
}

// sseOf makes a stream of chunks, or of whatever JSON, ended well.
func sseOf(docs ...string) []byte {
	var b []byte
	for _, doc := range docs {
		b = sse.AppendEvent(b, "", []byte(doc))
	}
	return sse.AppendEvent(b, "", []byte("[DONE]"))
}
