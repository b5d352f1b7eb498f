package estimate_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// The examples are those of the providers' documentation.
func TestAnthropicImages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		width, height int
		old, new      int64
	}{
		{"thumbnail", 200, 200, 64, 64},
		{"square", 1000, 1000, 1296, 1296},
		{"largest square of the older models", 1092, 1092, 1521, 1521},
		{"full HD", 1920, 1080, 1560, 2691},
		{"three megapixels", 2000, 1500, 1564, 3888},
		{"4K", 3840, 2160, 1560, 4784},
		{"a page of A4", 1075, 1520, 1551, 2145},
	}
	older := []string{"claude-3-5-sonnet-20241022", "claude-opus-4-6", "claude-sonnet-4-5@20250929", "us.anthropic.claude-haiku-4-5-v1:0", "claude-opus-4-1"}
	newer := []string{"claude-opus-4-7", "eu.anthropic.claude-opus-4-8-v1:0", "claude-sonnet-5", "claude-haiku-5-5", "claude-fable-5", "something-new"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := estimate.Picture{Width: tt.width, Height: tt.height}
			for _, model := range older {
				near(t, model, estimate.Anthropic(model).Image(p), tt.old, 0)
			}
			for _, model := range newer {
				near(t, model, estimate.Anthropic(model).Image(p), tt.new, 0)
			}
		})
	}
}

func near(tb tester, what string, got, want int64, within float64) {
	tb.Helper()
	if math.Abs(float64(got-want)) > within*float64(want) {
		tb.Errorf("%s: got %d, want %d within %.0f %%", what, got, want, within*100)
	}
}

// search is the rule as Anthropic documents it: the largest size of the same
// proportions that fits.
func search(width, height, edge, most int) int64 {
	if height > width {
		width, height = height, width
	}
	patches := func(w, h int) int { return ((w + 27) / 28) * ((h + 27) / 28) }
	fits := func(w, h int) bool { return w <= edge && h <= edge && patches(w, h) <= most }
	if fits(width, height) {
		return int64(patches(width, height))
	}
	other := func(w int) int {
		return max(1, int(math.Round(float64(w)*float64(height)/float64(width))))
	}
	low, high := 1, width
	for low+1 < high {
		if mid := (low + high) / 2; fits(mid, other(mid)) {
			low = mid
		} else {
			high = mid
		}
	}
	return int64(patches(low, other(low)))
}

func TestAnthropicImagesAgainstTheSearch(t *testing.T) {
	t.Parallel()
	image := estimate.Anthropic("claude-sonnet-4-6").Image
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 8000).Draw(t, "width"), rapid.IntRange(1, 8000).Draw(t, "height")
		got, want := image(estimate.Picture{Width: w, Height: h}), search(w, h, 1568, 1568)
		if got != want {
			t.Errorf("%dx%d: got %d, the search finds %d", w, h, got, want)
		}
	})
}

func TestOpenAIImages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		model         string
		width, height int
		low           bool
		want          int64
	}{
		{"square", "gpt-4o", 1024, 1024, false, 765},
		{"tall", "gpt-4o", 2048, 4096, false, 1105},
		{"low detail", "gpt-4o", 4096, 8192, true, 85},
		{"small is not enlarged", "gpt-4o", 512, 512, false, 255},
		{"a width that does not divide", "gpt-4o", 2999, 100, false, 85 + 4*170},
		{"snapshot", "gpt-4o-2024-11-20", 1024, 1024, false, 765},
		{"fine-tune", "ft:gpt-4o-mini-2024-07-18:org::abc", 1024, 1024, false, 2833 + 4*5667},
		{"GPT-5", "gpt-5", 1024, 1024, false, 70 + 4*140},
		{"o3", "o3", 1024, 1024, true, 75},
		{"patches", "gpt-4.1-mini", 1024, 1024, false, 1659},
		{"patches above the most", "gpt-5-nano", 8000, 8000, false, 3779},
		{"unknown", "llama-vision", 1024, 1024, false, 765},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := estimate.OpenAI(tt.model).Image(estimate.Picture{Width: tt.width, Height: tt.height, Low: tt.low})
			near(t, tt.model, got, tt.want, 0.01)
		})
	}
}

// Whatever dimensions a file claims, an image costs something, and no more than
// the largest.
func TestImagesAreBounded(t *testing.T) {
	t.Parallel()
	formulas := map[string]int64{"claude-opus-5": 4784, "claude-3-haiku": 1568}
	rapid.Check(t, func(t *rapid.T) {
		p := estimate.Picture{
			Width: rapid.IntRange(1, math.MaxUint32).Draw(t, "width"), Height: rapid.IntRange(1, math.MaxUint32).Draw(t, "height"),
			Low: rapid.Bool().Draw(t, "low"),
		}
		for model, most := range formulas {
			if got := estimate.Anthropic(model).Image(p); got < 1 || got > most {
				t.Errorf("%s takes %d tokens for %+v", model, got, p)
			}
		}
		for model, most := range map[string]int64{"gpt-4o": 85 + 8*170, "gpt-4.1-nano": 3779} {
			if got := estimate.OpenAI(model).Image(p); got < 1 || got > most {
				t.Errorf("%s takes %d tokens for %+v", model, got, p)
			}
		}
	})
}

func TestZeroFormula(t *testing.T) {
	t.Parallel()
	got := measurePart(t, imagePart("https://a")+","+imagePart("https://b"), estimate.Formula{})
	if want := (estimate.Size{Fixed: 3000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
