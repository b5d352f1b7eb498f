package openai

import (
	"encoding/json"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// answer passes answers through.
type answer struct {
	rules Rules
	// hideUsage says that the usage chunk was our wish and not the client's.
	hideUsage bool
}

var _ provider.Answer = answer{}

// Whole returns the body as it came. A body that is no JSON is a fault of the
// provider: a proxy's page with status 200. json.Valid is slower than gjson's but
// bounds how deep it goes, and the body is from outside.
func (a answer) Whole(body []byte) (provider.Reply, error) {
	if !json.Valid(body) {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not valid JSON"}
	}
	doc := gjson.ParseBytes(body)
	if fault := a.rules.faultIn(doc); fault != nil {
		return provider.Reply{}, fault
	}
	reply := provider.Reply{Body: body}
	if u := doc.Get("usage"); u.IsObject() {
		reply.Usage = readUsage(u)
		reply.Usage.Exact = true
	}
	return reply, nil
}

// Stream passes the chunks on as they come.
func (a answer) Stream(body io.Reader) provider.Stream {
	return &stream{events: sse.NewReader(body, 0), rules: a.rules, hideUsage: a.hideUsage}
}
