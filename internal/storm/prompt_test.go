package storm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/simulation"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		r    simulation.Request
	}{
		{"small", simulation.Request{ID: 3, Input: 300}},
		{"ordinary", simulation.Request{ID: 1512, Input: 8350}},
		{"in a thread", simulation.Request{ID: 9, Input: 8000, Prefix: 6000, Conversation: "review-2"}},
		{"largest", simulation.Request{ID: 1_999_999, Input: 190_000}},
	}
	for _, tt := range tests {
		for _, native := range []bool{false, true} {
			text := body("claude-sonnet-5", tt.r, native)
			var m struct {
				System   any
				Messages []struct{ Content any }
			}
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			want := float64(tt.r.Input)
			if got := float64(len(text)) / bytesPerToken; got < want*0.97-10 || got > want*1.03+10 {
				t.Errorf("%s, native %t: %.0f tokens, want about %.0f", tt.name, native, got, want)
			}
			user, _ := m.Messages[len(m.Messages)-1].Content.(string)
			id, ok := requestOf(user[strings.LastIndexByte(user, '\n')+1:])
			if !ok || id != tt.r.ID {
				t.Errorf("%s: the last line names request %d, %t", tt.name, id, ok)
			}
			if marked := strings.Contains(text, "cache_control"); marked != (tt.r.Prefix > 0) {
				t.Errorf("%s: marked for the cache: %t", tt.name, marked)
			}
		}
	}
	if a, b := body("m", tests[2].r, true), body("m", simulation.Request{ID: 10, Input: 8000, Prefix: 6000, Conversation: "review-2"}, true); a[:20000] != b[:20000] {
		t.Error("two calls of a thread do not share their beginning")
	}
}

func TestRequestOf(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "storm request", "storm request x", "storm request -1", "hello 7"} {
		if id, ok := requestOf(line); ok {
			t.Errorf("%q is taken for request %d", line, id)
		}
	}
}
