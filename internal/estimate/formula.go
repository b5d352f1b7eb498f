package estimate

import (
	"math"
	"sort"
)

// Formula says how many tokens a model takes for what is not text. The zero
// value counts nothing but images, and those flat. A Formula holds no state and
// is safe for concurrent use.
type Formula struct {
	// Message is the tokens around each message: role, beginning, end.
	Message int64
	// Tools is what the provider adds to the prompt when there are tools.
	Tools int64
	// Page is the tokens of one page of a PDF.
	Page int64
	// Image is the tokens of one image, whose dimensions are always known: one
	// that is named by URL or cannot be read is taken for 1920 by 1080 pixels.
	// Nil means 1,500 for each.
	Image func(Picture) int64
}

// image applies f.Image. The size that stands for an unknown one is that of a
// full screen: most images that reach a model are screenshots, and larger ones
// are scaled down to about as many tokens.
func (f Formula) image(p Picture) int64 {
	if f.Image == nil {
		return 1500
	}
	if !p.known() {
		p.Width, p.Height = 1920, 1080
	}
	return f.Image(p)
}

// patches counts the squares of side pixels that cover a picture. One that is
// longer than edge or takes more than most squares is first scaled down to the
// largest size that fits, as Anthropic documents it. To scale by area instead of
// searching was up to 5 % off.
func patches(p Picture, side, edge, most int) int64 {
	long, short := max(p.Width, p.Height), min(p.Width, p.Height)
	squares := func(n int) int { // with n pixels on the long side
		other := math.Round(float64(n) * float64(short) / float64(long))
		return cover(n, side) * cover(int(other), side)
	}
	fits := func(n int) bool { return n <= edge && squares(n) <= most }
	if fits(long) {
		return int64(squares(long))
	}
	largest := sort.Search(long, func(n int) bool { return !fits(n + 1) })
	return int64(squares(largest))
}

// cover is how many squares of side pixels cover a length.
func cover(length, side int) int { return max(1, (length+side-1)/side) }
