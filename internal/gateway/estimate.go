package gateway

import (
	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
)

// estimate is how many input tokens a request will take at a target that books.
// The size is kept, to learn from what it took in the end.
func (x *exchange) estimate(t target, req *chat.Request) int64 {
	x.sizedFor = ""
	if t.Formula == nil {
		return 0
	}
	x.size, x.sizedFor = estimate.Measure(req, t.Formula(t.model)), t.model
	return x.g.ratios.Tokens(x.sizedFor, x.size)
}

// learnSize compares the estimate with what the provider counted.
func (x *exchange) learnSize() {
	if x.serving != nil && x.sizedFor != "" {
		x.g.ratios.Learn(x.sizedFor, x.size, x.event.Usage)
	}
}
