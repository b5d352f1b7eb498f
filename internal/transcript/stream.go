package transcript

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/redact"
)

// maxVoices bounds the texts that a stream may have side by side.
const maxVoices = 64

// Stream collects what the events of a streamed answer say. Pieces of several
// texts may come by turns, as with n > 1 or parallel tool calls; each is put
// together by itself, so that a rule sees as one word what came in pieces.
//
// It is used by one goroutine at a time and keeps no reference to what it is given.
type Stream struct {
	most   int
	room   int // of all texts together
	seen   int
	voices map[voice]*piece
	order  []*piece
}

// voice tells the texts of one stream apart.
type voice struct {
	kind string
	a, b int64
}

// piece is one text.
type piece struct {
	text    []byte
	partial bool // more came than there was room for
}

// NewStream collects the first most bytes.
func NewStream(most int) *Stream {
	return &Stream{most: most, room: most + redact.Margin, voices: map[voice]*piece{}}
}

// Add takes the data of one event.
func (s *Stream) Add(data []byte) {
	v := gjson.ParseBytes(data)
	switch kind := v.Get("type").Str; {
	case v.Get("choices").IsArray():
		v.Get("choices").ForEach(func(_, choice gjson.Result) bool { s.choice(choice); return true })
	case kind == "content_block_start":
		s.say(voice{"tool", v.Get("index").Int(), 0}, v.Get("content_block.name").String())
	case kind == "content_block_delta":
		s.block(v.Get("index").Int(), v.Get("delta"))
	case strings.HasSuffix(kind, ".delta") && v.Get("delta").Type == gjson.String:
		name := strings.TrimSuffix(strings.TrimPrefix(kind, "response."), ".delta")
		if name != "audio" && name != "speech.audio" {
			s.say(voice{name, v.Get("output_index").Int(), v.Get("content_index").Int() + v.Get("summary_index").Int()}, v.Get("delta").String())
		}
	}
}

// choice is of Chat Completions, or of the legacy Completions.
func (s *Stream) choice(choice gjson.Result) {
	i := choice.Get("index").Int()
	s.say(voice{"text", i, 0}, choice.Get("text").String())
	choice.Get("delta").ForEach(func(name, v gjson.Result) bool {
		switch {
		case name.Str == "tool_calls":
			v.ForEach(func(_, call gjson.Result) bool {
				tool := voice{"tool", i, call.Get("index").Int()}
				s.say(tool, call.Get("function.name").String())
				s.say(tool, call.Get("function.arguments").String())
				return true
			})
		case v.Type == gjson.String && !silent[name.Str]:
			s.say(voice{name.String(), i, 0}, v.String())
		}
		return true
	})
}

// block is a piece of one of Messages' blocks.
func (s *Stream) block(i int64, delta gjson.Result) {
	s.say(voice{"text", i, 0}, delta.Get("text").String())
	s.say(voice{"thinking", i, 0}, delta.Get("thinking").String())
	s.say(voice{"tool", i, 0}, delta.Get("partial_json").String())
}

func (s *Stream) say(v voice, text string) {
	if text == "" {
		return
	}
	s.seen += len(text)
	p := s.voices[v]
	if p == nil {
		if len(s.order) == maxVoices {
			return
		}
		p = s.begin(v)
	}
	if p.partial { // a later piece would stand where it does not belong
		return
	}
	fits := min(len(text), max(0, s.room))
	p.partial = fits < len(text)
	s.room -= fits
	p.text = append(p.text, text[:fits]...)
}

// begin is for a text's first piece.
func (s *Stream) begin(v voice) *piece {
	p := &piece{}
	if !plain[v.kind] {
		p.text = append(p.text, v.kind+": "...)
		s.room -= len(p.text)
		s.seen += len(p.text)
	}
	s.voices[v] = p
	s.order = append(s.order, p)
	return p
}

// Excerpts are the texts in the order in which they began, together at most as
// long as was asked for. cut is how many bytes are left out.
func (s *Stream) Excerpts() (texts []redact.Excerpt, cut int) {
	left := s.most
	for _, p := range s.order {
		to := len(p.text)
		if p.partial { // what ends it may be half of something
			to = max(0, to-redact.Margin)
		}
		to = min(to, left)
		left -= to
		texts = append(texts, redact.Excerpt{Text: string(p.text), To: to})
	}
	return texts, s.seen - (s.most - left)
}
