package dialogue

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
)

// maxCalls bounds the calls in one turn.
const maxCalls = 4

// pick chooses the tools to call. A forced choice is always obeyed. When the
// model may choose, it calls a tool in answer to a user who mentions tools at
// all or a word of some tool's name, and answers in words once it has results.
func pick(p *Prompt) []Tool {
	if len(p.Tools) == 0 || p.Choice.Mode == None {
		return nil
	}
	if p.Choice.Mode == Named {
		i := slices.IndexFunc(p.Tools, func(t Tool) bool { return t.Name == p.Choice.Tool })
		if i < 0 {
			return nil
		}
		return p.Tools[i : i+1]
	}
	text := strings.ToLower(p.Text)
	meant := slices.IndexFunc(p.Tools, func(t Tool) bool { return mentions(text, t.Name) })
	if p.Choice.Mode == Auto && (len(p.Results) > 0 || meant < 0 && !strings.Contains(text, "tool")) {
		return nil
	}
	if strings.Contains(text, "parallel") && !p.Choice.Single {
		return several(p.Tools)
	}
	return p.Tools[max(0, meant):][:1]
}

// several takes every tool up to the bound; a lone one is called twice, since
// calls of the same tool are what clients mix up.
func several(tools []Tool) []Tool {
	if len(tools) == 1 {
		return []Tool{tools[0], tools[0]}
	}
	return tools[:min(len(tools), maxCalls)]
}

// mentions reports whether the text holds a word of the tool's name. Words of
// three letters and less ("get", "run") say too little.
func mentions(text, tool string) bool {
	parts := strings.FieldsFunc(strings.ToLower(tool), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(parts, func(w string) bool { return len(w) > 3 && strings.Contains(text, w) })
}

func invoke(p *Prompt, t Tool, i int) Block {
	b := Block{Kind: ToolCall, Name: t.Name, ID: ID(hash(p.Digest, t.Name, string(rune('0'+i))))}
	// "{}" is sent as no fragment at all, which is what Anthropic does for
	// tools without input and what translators trip over.
	if args := Example(t.Schema); args != "{}" {
		b.Pieces = fragments(args)
	}
	return b
}

// ID turns a number into an id of letters and digits.
func ID(n uint64) string {
	raw := binary.BigEndian.AppendUint64(nil, n)
	raw = binary.BigEndian.AppendUint64(raw, n*0x9e3779b97f4a7c15)
	id := base64.RawURLEncoding.EncodeToString(raw)
	return strings.NewReplacer("-", "x", "_", "y").Replace(id)
}
