package messages

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

const (
	pageOne = `{"type":"url_citation","url_citation":{"url":"https://a.example/\"1","title":"A \u00e9","start_index":0,"end_index":2}}`
	pageTwo = `{"type":"url_citation","url_citation":{"url":"https://b.example","start_index":0,"end_index":2}}`
	oneIs   = `{"type":"web_search_result_location","url":"https://a.example/\"1","title":"A \u00e9","cited_text":"","encrypted_index":"fallow:url"}`
	twoIs   = `{"type":"web_search_result_location","url":"https://b.example","title":null,"cited_text":"","encrypted_index":"fallow:url"}`
)

// TestCitations: pages that an answer cites stand on its text, in one piece and
// in the events of a stream.
func TestCitations(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, annotations, want string }{
		{"two pages", `"It is."`, pageOne + "," + pageTwo, `[` + oneIs + `,` + twoIs + `]`},
		{"none", `"It is."`, "", ""},
		{"none of a page", `"It is."`, `{"type":"file_citation","file_id":"f"},{"type":"url_citation","url_citation":{"url":""}}`, ""},
		{"no text", `""`, pageOne, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			message := `"content":` + tt.content + `,"annotations":[` + tt.annotations + `]`
			reply, err := call(t, turn).Answer.Whole([]byte(`{"choices":[{"message":{` + message + `},"finish_reason":"stop"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(reply.Body, "content.0.citations").Raw; got != tt.want {
				t.Errorf("whole: got %s, want %s", got, tt.want)
			}
			stream := chunks([]string{`"content":` + tt.content, `"annotations":[` + tt.annotations + `]`, ""}, "stop")
			told := transcript(t, call(t, turn).Answer.Stream(bytes.NewReader(stream)))
			for _, c := range gjson.Parse(tt.want).Array() {
				delta := `{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":` + c.Raw + `}}`
				if strings.Count(told, delta) != 1 {
					t.Errorf("streamed: want once %s in\n%s", delta, told)
				}
			}
			if got, want := strings.Count(told, "citations_delta"), len(gjson.Parse(tt.want).Array()); got != want {
				t.Errorf("streamed: got %d citations, want %d", got, want)
			}
			if strings.LastIndex(told, "citations_delta") > strings.Index(told, "content_block_stop") && tt.want != "" {
				t.Errorf("a citation comes after its block:\n%s", told)
			}
		})
	}
}

// TestCitationsGoBack: what the client sends back of them reaches Claude without
// the citations that are not its own, which it would refuse.
func TestCitationsGoBack(t *testing.T) {
	t.Parallel()
	const claudes = `{"type":"text", "citations":[{"type":"web_search_result_location","encrypted_index":"Eo8B"}],"text":"c"}`
	body := saying(`{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"\u00e9","citations":[` + oneIs + `],"cache_control":null},` + claudes + `]},{"role":"user","content":"z"}`)
	req := parse(t, body)
	got, ok := Native(req, nativeDialect{has: true}, provider.NativeRequest{API: provider.Messages, Body: req.Raw})
	if !ok {
		t.Fatal("no call")
	}
	want := `[{"type":"text","text":"\u00e9","cache_control":null},` + claudes + `]`
	if content := gjson.GetBytes(got.Body, "messages.1.content").Raw; content != want {
		t.Errorf("got %s, want %s", content, want)
	}
}

// TestThoughtsInParts: Mistral's thinking models have their thoughts in the list
// of parts that is their content; nothing of them is given back.
func TestThoughtsInParts(t *testing.T) {
	t.Parallel()
	const parts = `[{"type":"thinking","thinking":[{"type":"text","text":"Let me "},{"type":"text","text":"see."}]},{"type":"text","text":"42"}]`
	reply, err := call(t, turn).Answer.Whole([]byte(`{"choices":[{"message":{"content":` + parts + `},"finish_reason":"stop"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"type":"thinking","thinking":"Let me see.","signature":"fallow:content"},{"type":"text","text":"42"}]`
	content := gjson.GetBytes(reply.Body, "content").Raw
	if content != want {
		t.Errorf("whole: got %s, want %s", content, want)
	}
	streamed, err := accumulate(call(t, turn).Answer.Stream(bytes.NewReader(chunks([]string{`"content":` + parts, `"content":"!"`, ""}, "stop"))))
	if err != nil || len(streamed.content) != 2 || streamed.content[0].Thinking != "Let me see." || streamed.content[1].Text != "42!" {
		t.Errorf("streamed: got %+v, %v", streamed.content, err)
	}
	back := translate(t, saying(`{"role":"user","content":"x"},{"role":"assistant","content":`+content+`},{"role":"user","content":"z"}`), Options{Model: "magistral"})
	if got := back.Request.Get("messages").Get("1").Raw; got != `{"role":"assistant","content":"42"}` {
		t.Errorf("given back as %s", got)
	}
}
