package upstream_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		parts      []string
		want       bool
	}{
		{"one part", "Your credit balance is too low", []string{"credit balance"}, true},
		{"in another case", "PROMPT is Too Long", []string{"prompt is too long"}, true},
		{"all parts, in any order", "usage limits: you have reached your specified ones", []string{"reached your specified", "usage limits"}, true},
		{"one of two", "you have reached your specified ones", []string{"reached your specified", "usage limits"}, false},
		{"none", "overloaded", []string{"usage limits"}, false},
		{"no text", "", []string{"usage limits"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := upstream.Mentions(tt.text, tt.parts); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
