package transcript_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/redact"
	"github.com/fallow-dev/fallow/internal/transcript"
)

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// TestWhatIsKept: of a prompt the end, of an answer the beginning, and what is
// left out is counted.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 100, 101, 100 + redact.Margin, 101 + redact.Margin, 5 * redact.Margin} {
		text := strings.Repeat("x", size-2) + "yz"
		prompt, cut := transcript.Prompt([]byte(`{"input":[`+quoted(text[:size/2])+`,`+quoted(text[size/2:])+`]}`), 100)
		joined := text[:size/2] + "\n" + text[size/2:]
		if got, want := wanted(prompt), joined[max(0, len(joined)-100):]; got != want || cut != len(joined)-len(want) {
			t.Errorf("prompt of %d: got %d bytes and %d cut, want %d and %d", size, len(got), cut, len(want), len(joined)-len(want))
		}
		answer, cut := transcript.Whole("", []byte(`{"text":`+quoted(text)+`}`), 100)
		if got, want := wanted(answer), text[:min(size, 100)]; got != want || cut != size-len(want) {
			t.Errorf("answer of %d: got %d bytes and %d cut", size, len(got), cut)
		}
		plain, cut := transcript.Whole("text/plain", []byte(text), 100)
		if got, want := wanted(plain), text[:min(size, 100)]; got != want || cut != size-len(want) {
			t.Errorf("plain answer of %d: got %d bytes and %d cut", size, len(got), cut)
		}
		s := transcript.NewStream(100)
		for i := range text {
			s.Add([]byte(`{"choices":[{"index":0,"delta":{"content":` + quoted(text[i:i+1]) + `}}]}`))
		}
		texts, cut := s.Excerpts()
		if got, want := wanted(texts[0]), text[:min(size, 100)]; got != want || cut != size-len(want) {
			t.Errorf("stream of %d: got %d bytes and %d cut", size, len(got), cut)
		}
	}
}

// plantedKey is what no six bytes may be left of.
const plantedKey = "sk-proj-Ab3dEf0123456789Xy7zEf01Q3456789"

func wantNoKey(t *testing.T, r *redact.Redactor, texts ...redact.Excerpt) {
	t.Helper()
	for _, e := range texts {
		got, _ := r.Mask(e, nil)
		for i := 0; i+6 <= len(plantedKey); i++ {
			if strings.Contains(got, plantedKey[i:i+6]) {
				t.Fatalf("%q of the key is left in …%q", plantedKey[i:i+6], got[max(0, len(got)-100):])
			}
		}
	}
}

// TestKeysAcrossTheEdge: wherever in a key the cut falls, no half of it is left.
func TestKeysAcrossTheEdge(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const most = 1000
	filler := strings.Repeat("word ", 5000)
	for at := range len(plantedKey) + 1 {
		prompt, _ := transcript.Prompt([]byte(`{"input":`+quoted(filler+plantedKey+filler[:most-at])+`}`), most)
		answer := filler[:most-at] + plantedKey + filler
		whole, _ := transcript.Whole("", []byte(`{"text":`+quoted(answer)+`}`), most)
		plain, _ := transcript.Whole("text/plain", []byte(answer), most)
		wantNoKey(t, r, prompt, whole, plain)
	}
}

// TestKeyThatRanOutOfRoom: what other texts of a stream left room for ends amid a
// key, long before as much is said as was asked for.
func TestKeyThatRanOutOfRoom(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const most = 20_000
	say := func(choice int, text string) []byte {
		return fmt.Appendf(nil, `{"choices":[{"index":%d,"delta":{"content":%q}}]}`, choice, text)
	}
	for at := range len(plantedKey) {
		first := strings.Repeat("word ", 1800) + plantedKey[:at/2]
		s := transcript.NewStream(most)
		s.Add(say(0, first))
		s.Add(say(1, strings.Repeat("z", most+redact.Margin-len(first)-(at-at/2))))
		s.Add(say(0, plantedKey[at/2:]))
		texts, _ := s.Excerpts()
		wantNoKey(t, r, texts...)
	}
}

// TestStreamIsBounded: neither many texts nor long ones take more memory than
// was asked for, and the margin.
func TestStreamIsBounded(t *testing.T) {
	t.Parallel()
	s := transcript.NewStream(1000)
	for i := range 10_000 {
		s.Add(fmt.Appendf(nil, `{"choices":[{"index":%d,"delta":{"content":"0123456789"}}]}`, i%100))
	}
	texts, cut := s.Excerpts()
	held, shown := 0, 0
	for _, e := range texts {
		held += len(e.Text)
		shown += e.To
	}
	if held > 1000+redact.Margin || shown > 1000 || cut != 100_000-shown {
		t.Errorf("holds %d bytes and shows %d with %d cut; want at most %d, 1000 and the rest", held, shown, cut, 1000+redact.Margin)
	}
}

// TestPlantedNeverSurvivesAStream: a key comes in pieces, by turns with other
// texts, in whatever place of a stream that is longer than what is kept.
func TestPlantedNeverSurvivesAStream(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		const key = plantedKey
		before := strings.Repeat("word ", rapid.IntRange(0, 500).Draw(t, "before"))
		text := before + key + strings.Repeat(" word", rapid.IntRange(0, 5000).Draw(t, "after"))
		s := transcript.NewStream(rapid.IntRange(1, 3000).Draw(t, "most"))
		other := rapid.IntRange(0, 300).Draw(t, "other")
		for at := 0; at < len(text); {
			n := min(rapid.IntRange(1, 400).Draw(t, "piece"), len(text)-at)
			if at+n > len(before) && at < len(before)+len(key) {
				n = min(n, rapid.IntRange(1, 7).Draw(t, "small"))
			}
			s.Add(fmt.Appendf(nil, `{"choices":[{"index":0,"delta":{"content":%s}},{"index":1,"delta":{"content":%q}}]}`, quoted(text[at:at+n]), strings.Repeat("z", other)))
			at += n
		}
		texts, _ := s.Excerpts()
		for _, e := range texts {
			got, _ := r.Mask(e, nil)
			for i := 0; i+6 <= len(key); i++ {
				if strings.Contains(got, key[i:i+6]) {
					t.Fatalf("%q of the key is left in %q", key[i:i+6], got)
				}
			}
		}
	})
}

func FuzzTranscript(f *testing.F) {
	for _, seed := range []string{
		`{"messages":[{"role":"user","content":"hi"}]}`, `{"choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":1,"function":{"arguments":"{"}}]}}]}`,
		`{"type":"content_block_delta","index":0,"delta":{"text":"a"}}`, `{"type":"response.output_text.delta","delta":"a"}`, `{"output":[{"content":[{"text":"a`, "\xff", "",
	} {
		f.Add([]byte(seed), uint16(3))
	}
	f.Fuzz(func(t *testing.T, body []byte, n uint16) {
		most := int(n)
		s := transcript.NewStream(most)
		s.Add(body)
		s.Add(body)
		texts, cut := s.Excerpts()
		prompt, cutOfPrompt := transcript.Prompt(body, most)
		whole, cutOfWhole := transcript.Whole("", body, most)
		shown := 0
		for _, e := range append(texts, prompt, whole) {
			if e.From < 0 || e.To > len(e.Text) || e.From > e.To || e.To-e.From > most || len(e.Text) > most+redact.Margin {
				t.Fatalf("excerpt [%d:%d] of %d bytes, with %d wanted", e.From, e.To, len(e.Text), most)
			}
		}
		for _, e := range texts {
			shown += e.To
		}
		if cut < 0 || cutOfPrompt < 0 || cutOfWhole < 0 || shown > most {
			t.Errorf("%d, %d and %d bytes are cut, %d of the stream shown of %d", cut, cutOfPrompt, cutOfWhole, shown, most)
		}
	})
}

func BenchmarkStream(b *testing.B) {
	event := []byte(`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}`)
	s := transcript.NewStream(64 << 10)
	b.ReportAllocs()
	for b.Loop() {
		s.Add(event)
	}
}

func BenchmarkPrompt90KB(b *testing.B) {
	body := []byte(`{"messages":[{"role":"user","content":` + quoted(strings.Repeat("a word or ", 9000)) + `}]}`)
	b.ReportAllocs()
	for b.Loop() {
		transcript.Prompt(body, 16<<10)
	}
}
