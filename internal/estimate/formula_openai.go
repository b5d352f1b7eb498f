package estimate

import (
	"math"
	"strings"
)

// openAILines are the models whose images cost something else than those of
// GPT-4o, the longest matching line first. (OpenAI docs, guides/images-vision.)
var openAILines = [...]struct {
	line string
	// base and tile are tokens; perPatch, if not zero, takes their place.
	base, tile int64
	perPatch   float64
}{
	{"gpt-4.1-mini", 0, 0, 1.62}, {"gpt-4.1-nano", 0, 0, 2.46},
	{"gpt-5-mini", 0, 0, 1.62}, {"gpt-5-nano", 0, 0, 2.46}, {"o4-mini", 0, 0, 1.72},
	{"gpt-4o-mini", 2833, 5667, 0}, {"computer-use", 65, 129, 0},
	{"gpt-5", 70, 140, 0}, {"o1", 75, 150, 0}, {"o3", 75, 150, 0},
}

// OpenAI returns the formula of one of OpenAI's models or of a fine-tune of one;
// a model it does not know is taken for one like GPT-4o.
//
// A message costs four tokens beside its text (OpenAI's cookbook, on counting
// tokens). A page of a PDF is read as text and as an image (guides/pdf-files):
// some 500 tokens and the six tiles of a page upright.
func OpenAI(model string) Formula {
	f := Formula{Message: 4, Page: 1600, Image: tiles(85, 170)}
	model = strings.TrimPrefix(model, "ft:")
	for _, l := range openAILines {
		switch {
		case !strings.HasPrefix(model, l.line):
			continue
		case l.perPatch > 0:
			f.Image = func(p Picture) int64 {
				return int64(math.Ceil(l.perPatch * float64(patches(p, 32, math.MaxInt, 1536))))
			}
		default:
			f.Image = tiles(l.base, l.tile)
		}
		return f
	}
	return f
}

// tiles counts the squares of 512 pixels that cover a picture, which is first
// scaled down to fit into 2048 by 2048 pixels and then to 768 on its shorter
// side. With detail "low" only the base counts; "auto", the default, is taken
// for "high", as most images are large enough for it.
func tiles(base, tile int64) func(Picture) int64 {
	return func(p Picture) int64 {
		if p.Low {
			return base
		}
		long, short := float64(max(p.Width, p.Height)), float64(min(p.Width, p.Height))
		scale := math.Min(1, math.Min(2048/long, 768/short))
		n := cover(int(math.Round(long*scale)), 512) * cover(int(math.Round(short*scale)), 512)
		return base + tile*int64(n)
	}
}
