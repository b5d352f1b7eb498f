package dialogue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func tool(name string) Tool {
	return Tool{Name: name, Schema: gjson.Parse(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)}
}

func names(a *Answer) []string {
	var out []string
	for _, b := range a.Blocks {
		if b.Kind == ToolCall {
			out = append(out, b.Name)
		}
	}
	return out
}

func TestComposePicksTools(t *testing.T) {
	t.Parallel()
	weather, review := tool("get_weather"), tool("submit_review")
	tests := []struct {
		name   string
		prompt Prompt
		want   []string
	}{
		{"the text has a word of the name", Prompt{Text: "What's the Weather?", Tools: []Tool{review, weather}}, []string{"get_weather"}},
		{"short words say nothing", Prompt{Text: "get it", Tools: []Tool{weather}}, nil},
		{"the text says tool", Prompt{Text: "use a tool", Tools: []Tool{review, weather}}, []string{"submit_review"}},
		{"nothing suggests it", Prompt{Text: "hello", Tools: []Tool{weather}}, nil},
		{"after results", Prompt{Text: "weather", Results: []string{"20"}, Tools: []Tool{weather}}, nil},
		{"forced after results all the same", Prompt{Results: []string{"20"}, Tools: []Tool{weather}, Choice: Choice{Mode: Any}}, []string{"get_weather"}},
		{"forbidden", Prompt{Text: "weather", Tools: []Tool{weather}, Choice: Choice{Mode: None}}, nil},
		{"any", Prompt{Text: "hello", Tools: []Tool{review, weather}, Choice: Choice{Mode: Any}}, []string{"submit_review"}},
		{"any prefers the one that is meant", Prompt{Text: "weather", Tools: []Tool{review, weather}, Choice: Choice{Mode: Any}}, []string{"get_weather"}},
		{"named", Prompt{Text: "weather", Tools: []Tool{weather, review}, Choice: Choice{Mode: Named, Tool: "submit_review"}}, []string{"submit_review"}},
		{"named but absent", Prompt{Tools: []Tool{weather}, Choice: Choice{Mode: Named, Tool: "x"}}, nil},
		{"parallel", Prompt{Text: "tools in parallel", Tools: []Tool{weather, review}}, []string{"get_weather", "submit_review"}},
		{"a lone tool twice", Prompt{Text: "weather, in parallel", Tools: []Tool{weather}}, []string{"get_weather", "get_weather"}},
		{"parallel forbidden", Prompt{Text: "tools in parallel", Tools: []Tool{weather, review}, Choice: Choice{Single: true}}, []string{"get_weather"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.prompt.MaxTokens = 1000
			a := Compose(&tt.prompt, 20)
			if diff := cmp.Diff(tt.want, names(a)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got, want := a.Stop == ToolUse, tt.want != nil; got != want {
				t.Errorf("Stop is ToolUse: %v, want %v", got, want)
			}
		})
	}
}

func TestCallIDsAreDistinctAndPlain(t *testing.T) {
	t.Parallel()
	a := Compose(&Prompt{Text: "tool, parallel", Tools: []Tool{tool("one")}, MaxTokens: 1000, Digest: 7}, 20)
	if a.Blocks[1].ID == a.Blocks[2].ID {
		t.Errorf("two calls share the id %q", a.Blocks[1].ID)
	}
	if strings.ContainsAny(a.Blocks[1].ID, "-_=+/") {
		t.Errorf("id %q has characters that not every API takes", a.Blocks[1].ID)
	}
}

func TestComposeText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		prompt Prompt
		prefix string
	}{
		{"echoes the last line", Prompt{Text: "first\nlast line \n"}, `You wrote: "last line".`},
		{"echoes the last result", Prompt{Results: []string{"a", "b"}}, `The tool answered: "b".`},
		{"names what it was given", Prompt{Text: "look", Media: []Media{{"image/png", 68}}}, `You wrote: "look". I was given image/png of 68 bytes.`},
		{"long lines are cut between characters", Prompt{Text: strings.Repeat("x", 199) + "é"}, `You wrote: "` + strings.Repeat("x", 199) + `".`},
		{"JSON when asked", Prompt{JSON: true}, `{"answer":`},
		{"the schema wins over prose", Prompt{Schema: gjson.Parse(`{"type":"array","items":{"const":"é\u00e9 and a long tail of text"}}`)}, `["é\u00e9 and a long tail of text"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.prompt.MaxTokens = 1000
			a := Compose(&tt.prompt, 30)
			if got := a.Blocks[0].Joined(); !strings.HasPrefix(got, tt.prefix) {
				t.Errorf("answer %q, want it to begin with %q", got, tt.prefix)
			}
			if a.Stop != EndTurn {
				t.Errorf("Stop = %v, want EndTurn", a.Stop)
			}
		})
	}
}

func TestThinking(t *testing.T) {
	t.Parallel()
	for _, show := range []bool{true, false} {
		a := Compose(&Prompt{Text: "why", Thinking: true, ShowThinking: show, MaxTokens: 1000}, 20)
		b := a.Blocks[0]
		if b.Kind != Thinking || (b.Joined() != "") != show {
			t.Errorf("show=%v: block %+v", show, b)
		}
		if !Signed(b.Joined(), b.Signature) {
			t.Errorf("show=%v: signature does not fit", show)
		}
		if Signed(b.Joined()+".", b.Signature) {
			t.Errorf("show=%v: signature fits an edited text", show)
		}
		if (a.Usage.Thinking > 0) != show || a.Usage.Thinking >= a.Usage.Output {
			t.Errorf("show=%v: usage %+v", show, a.Usage)
		}
	}
	for _, junk := range []string{"", "%", "QUJD"} {
		if Signed("", junk) {
			t.Errorf("signature %q fits", junk)
		}
	}
}

func TestStops(t *testing.T) {
	t.Parallel()
	a := Compose(&Prompt{Text: "hello", Stops: []string{"nowhere", "wrote", "You w"}, MaxTokens: 100}, 30)
	if a.Stop != StopSequence || a.StopSequence != "You w" || a.Blocks[0].Joined() != "" {
		t.Errorf("got %q stopped by %q, want the earliest of the sequences", a.Blocks[0].Joined(), a.StopSequence)
	}
}

// TestBoundIsHonoured: for any bound the answer is a prefix of the unbounded
// one, never above the bound, and says why it ended.
func TestBoundIsHonoured(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Prompt{
			Text:      rapid.StringMatching(`[a-z é\n]{0,300}`).Draw(t, "text"),
			Thinking:  rapid.Bool().Draw(t, "thinking"),
			Digest:    rapid.Uint64().Draw(t, "digest"),
			MaxTokens: 1 << 30,
		}
		p.ShowThinking = p.Thinking
		if rapid.Bool().Draw(t, "tools") {
			p.Tools, p.Choice.Mode = []Tool{tool("a"), tool("b")}, Any
		}
		whole := Compose(&p, 100)
		p.MaxTokens = rapid.IntRange(0, 150).Draw(t, "max")
		a := Compose(&p, 100)
		if a.Usage.Output > p.MaxTokens {
			t.Fatalf("%d tokens, want at most %d", a.Usage.Output, p.MaxTokens)
		}
		if cut := whole.Usage.Output > p.MaxTokens; cut != (a.Stop == MaxTokens) {
			t.Fatalf("whole answer %d, bound %d, Stop = %v", whole.Usage.Output, p.MaxTokens, a.Stop)
		}
		for i, b := range a.Blocks {
			if !strings.HasPrefix(whole.Blocks[i].Joined(), b.Joined()) {
				t.Fatalf("block %d is %q, want a prefix of %q", i, b.Joined(), whole.Blocks[i].Joined())
			}
		}
	})
}

func TestNoOutputAsked(t *testing.T) {
	t.Parallel()
	a := Compose(&Prompt{Text: "warm the cache"}, 30)
	if len(a.Blocks) != 0 || a.Stop != MaxTokens || a.Usage.Output != 0 {
		t.Errorf("got %+v, want nothing", a)
	}
}

func TestFragmentsSurviveBadUTF8(t *testing.T) {
	t.Parallel()
	in := strings.Repeat("\x80", 40)
	if got := strings.Join(fragments(in), ""); got != in {
		t.Errorf("fragments lost bytes: %q", got)
	}
}

// TestPiecesOfSeveralWords: they say as much in fewer events, and are charged
// for as they are sent.
func TestPiecesOfSeveralWords(t *testing.T) {
	t.Parallel()
	prompt := &Prompt{Text: "review this", MaxTokens: 4096, Digest: 3}
	one, three := Compose(prompt, 770), ComposeIn(prompt, 770, 3)
	if got := strings.Fields(three.Blocks[0].Pieces[5]); len(got) != 3 {
		t.Errorf("a piece holds the words %q, want three", got)
	}
	if a, b := len(one.Blocks[0].Pieces), len(three.Blocks[0].Pieces); b > a/2 {
		t.Errorf("%d pieces of one word, %d of three", a, b)
	}
	charged := 0
	for _, piece := range three.Blocks[0].Pieces {
		charged += Tokens(len(piece))
	}
	if three.Usage.Output != charged || charged < 700 || charged > 830 {
		t.Errorf("usage says %d tokens and the pieces have %d, want both the same and about 770", three.Usage.Output, charged)
	}
}
