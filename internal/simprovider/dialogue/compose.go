package dialogue

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"
)

// Echo is the sentence that an answer in words begins with when line was the
// last line the user wrote, so that a test can tell whose answer it holds.
// Lines over 200 bytes are cut.
func Echo(line string) string { return fmt.Sprintf("You wrote: \"%s\".", clip(line, 200)) }

// EchoResult is the sentence that begins an answer to the results of tools.
func EchoResult(result string) string {
	return fmt.Sprintf("The tool answered: \"%s\".", clip(result, 200))
}

// sentences are what answers are made of.
var sentences = []string{
	"The change reads well and the names say what the code does.",
	"The error from the second call is dropped; wrap it with the operation that failed.",
	"Consider a table test for the empty input, since the loop starts at index one.",
	"The lock is held across the network call, which will serialise all callers.",
	"This branch can never be taken because the condition above already returned.",
	"A context should be passed down so that the query ends when the client goes away.",
	"The buffer grows without bound; a limit on its size would make the failure visible.",
	"Moving the constant next to its only use would spare the reader a jump.",
	"The comment repeats the code; say why the retry is safe instead.",
	"Two goroutines write this map, so it needs a mutex or a single owner.",
	"The timeout is in seconds here and in milliseconds in the caller.",
	"I would return early and save one level of indentation.",
	"The migration is reversible, which makes this safe to roll out in two steps.",
	"Nothing else stands out; the tests cover the new paths.",
}

// Compose answers a prompt with words of about size tokens, or with calls, or
// with JSON, as the prompt asks. Usage.Output is set, the rest of Usage is not.
// Each word is a piece of its own, the finest that a reader can meet.
func Compose(p *Prompt, size int) *Answer { return ComposeIn(p, size, 1) }

// ComposeIn is Compose with pieces of so many words, at least 1.
func ComposeIn(p *Prompt, size, words int) *Answer {
	a := &Answer{}
	if p.Demanded(DemandRefusal) {
		a.Stop = Declined
		return a
	}
	if p.Thinking {
		a.Blocks = append(a.Blocks, think(p))
	}
	a.Blocks = append(a.Blocks, demanded(p)...)
	end, silent, demanded := ends(p)
	switch tools := pick(p); {
	case silent:
	case len(tools) > 0:
		a.Stop = ToolUse
		if p.Choice.Mode == Auto {
			a.Blocks = append(a.Blocks, Block{Pieces: cut("I will look that up.", words)})
		}
		for i, tool := range tools {
			a.Blocks = append(a.Blocks, invoke(p, tool, i))
		}
	case p.Schema.Exists():
		a.Blocks = append(a.Blocks, Block{Pieces: fragments(Example(p.Schema))})
	case p.JSON:
		a.Blocks = append(a.Blocks, Block{Pieces: fragments(`{"answer":"This is a simulated answer."}`)})
	default:
		a.Blocks = append(a.Blocks, Block{Pieces: cut(prose(p, size, words), words)})
	}
	if len(a.Blocks) > 0 {
		a.cite(p)
	}
	if demanded {
		a.Stop = end
	}
	a.stopAt(p.Stops)
	a.bound(p.MaxTokens)
	a.count()
	return a
}

// cut splits a text into pieces of n words.
func cut(text string, n int) []string {
	var pieces []string
	for group := range slices.Chunk(strings.SplitAfter(text, " "), n) {
		pieces = append(pieces, strings.Join(group, ""))
	}
	return pieces
}

func think(p *Prompt) Block {
	b := Block{Kind: Thinking}
	if p.ShowThinking {
		b.Pieces = strings.SplitAfter("The user wants an answer to: "+clip(lastLine(p.Text), 80), " ")
	}
	b.Signature = Sign(b.Joined(), p.Digest)
	return b
}

// Joined is the whole text of the block.
func (b Block) Joined() string { return strings.Join(b.Pieces, "") }

// prose writes at least its opening sentence, then as many more as fit.
func prose(p *Prompt, size, words int) string {
	var b strings.Builder
	if len(p.Results) > 0 {
		b.WriteString(EchoResult(lastLine(p.Results[len(p.Results)-1])))
	} else {
		b.WriteString(Echo(lastLine(p.Text)))
	}
	for _, m := range p.Media {
		fmt.Fprintf(&b, " I was given %s of %d bytes.", m.Type, m.Bytes)
	}
	tokens, next := 0, p.Digest
	for {
		s := sentences[next%uint64(len(sentences))]
		// Measured as pieces are charged: one by one, each rounded up.
		for _, piece := range cut(s, words) {
			tokens += Tokens(len(piece))
		}
		if tokens > size {
			return b.String()
		}
		b.WriteString(" " + s)
		next++
	}
}

// stopAt cuts the first text in which a stop sequence occurs, and all after it.
func (a *Answer) stopAt(stops []string) {
	for i, block := range a.Blocks {
		if block.Kind != Text {
			continue
		}
		text, at, hit := block.Joined(), -1, ""
		for _, stop := range stops {
			if j := strings.Index(text, stop); j >= 0 && (at < 0 || j < at) {
				at, hit = j, stop
			}
		}
		if at >= 0 {
			a.Blocks = append(a.Blocks[:i:i], Block{Pieces: strings.SplitAfter(text[:at], " ")})
			a.Stop, a.StopSequence = StopSequence, hit
			return
		}
	}
}

// bound cuts the answer after so many tokens.
func (a *Answer) bound(most int) {
	for i := range a.Blocks {
		for j, piece := range a.Blocks[i].Pieces {
			if most -= Tokens(len(piece)); most < 0 {
				a.Blocks[i].Pieces, a.Blocks[i].Cut = a.Blocks[i].Pieces[:j:j], true
				a.Blocks = a.Blocks[:i+1]
				if j == 0 { // nothing of it was said
					a.Blocks = a.Blocks[:i]
				}
				a.Stop, a.StopSequence = MaxTokens, ""
				return
			}
		}
	}
}

func (a *Answer) count() {
	for _, b := range a.Blocks {
		if b.Kind == ServerResult {
			a.Usage.Searches++
		}
		for _, piece := range b.Pieces {
			a.Usage.Output += Tokens(len(piece))
			if b.Kind == Thinking {
				a.Usage.Thinking += Tokens(len(piece))
			}
		}
	}
}

// fragments cuts JSON as providers stream it: anywhere, but never inside a
// character, since each fragment travels as a JSON string of its own.
func fragments(json string) []string {
	const size = 14
	var out []string
	for len(json) > size {
		n := len(clip(json, size))
		if n == 0 { // not UTF-8, so there is no character to spare
			n = size
		}
		out, json = append(out, json[:n]), json[n:]
	}
	return append(out, json)
}

// LastLine is the last line that the user wrote.
func (p *Prompt) LastLine() string { return lastLine(p.Text) }

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// clip shortens s to at most n bytes without splitting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// hash mixes numbers and texts into one.
func hash(seed uint64, parts ...string) uint64 {
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, seed))
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// Digest identifies the content of a request by its parts.
func Digest(parts ...string) uint64 { return hash(0, parts...) }
