package anthropic

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// place is somewhere a cached prefix may end: after a tool, a system block or
// a content block.
type place struct {
	raw    gjson.Result
	tokens int
	ttl    time.Duration // 0 unless it carries a cache_control
}

// maxMarks is how many breakpoints a request may set.
const maxMarks = 4

func (p *parser) place(b gjson.Result, tokens int, path string) {
	p.places = append(p.places, place{raw: b, tokens: tokens, ttl: p.mark(b, path)})
}

// mark reads a cache_control and returns its time to live; 0 when there is none.
func (p *parser) mark(b gjson.Result, path string) time.Duration {
	if !b.IsObject() { // a plain text, in which there is nothing to find
		return 0
	}
	c := b.Get("cache_control")
	if c.Type == gjson.Null { // absent, or null, which means the same
		return 0
	}
	path = join(path, "cache_control")
	p.must(c.Get("type").Str == "ephemeral", path, "Input tag '"+c.Get("type").Str+"' found using 'type' does not match any of the expected tags: 'ephemeral'")
	p.unknown(c.Map(), path+".ephemeral", "type", "ttl")
	p.marks++
	p.must(p.marks <= maxMarks, "", fmt.Sprintf("A maximum of %d blocks with cache_control may be provided. Found %d.", maxMarks, p.marks))
	switch ttl := c.Get("ttl"); {
	case !ttl.Exists(), ttl.Str == "5m":
		return 5 * time.Minute
	default:
		p.must(ttl.Str == "1h", path+".ephemeral.ttl", "Input should be '5m' or '1h'")
		return time.Hour
	}
}

// segments computes the prefixes, if caching was asked for. What else the
// cache depends on (model, tool choice, thinking, output format) begins the
// hash, so that a change of it misses (Anthropic docs, prompt caching).
func (p *parser) segments() {
	if ttl := p.mark(gjson.Parse(`{"cache_control":`+rawOr(p.top["cache_control"], "null")+`}`), ""); ttl > 0 {
		p.places[len(p.places)-1].ttl = ttl
	}
	if p.marks == 0 {
		return
	}
	h := fnv.New64a()
	for _, field := range []string{"model", "tool_choice", "thinking", "output_config", "speed"} {
		h.Write([]byte(p.top[field].Raw))
		h.Write([]byte{0})
	}
	tokens := 0
	for _, at := range p.places {
		tokens += at.tokens
		content(h, at.raw)
		p.prompt.Segments = append(p.prompt.Segments, dialogue.Segment{Hash: h.Sum64(), Tokens: tokens, TTL: at.ttl})
	}
}

func rawOr(v gjson.Result, otherwise string) string {
	if v.Exists() {
		return v.Raw
	}
	return otherwise
}

// content hashes a block without its cache_control, and a plain text like the
// block that it is short for: moving the breakpoint along with a conversation
// must not change the prefix.
func content(h interface{ Write([]byte) (int, error) }, b gjson.Result) {
	write := func(key, value string) { h.Write([]byte(key + "\x00" + value + "\x00")) }
	if b.Type == gjson.String {
		write("type", `"text"`)
		write("text", b.Raw)
		return
	}
	b.ForEach(func(key, v gjson.Result) bool {
		if key.Str != "cache_control" {
			write(key.Str, v.Raw)
		}
		return true
	})
}
