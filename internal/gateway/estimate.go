package gateway

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// formula sizes what is not text for the target's model.
func (t target) formula() estimate.Formula {
	if t.Formula == nil {
		return estimate.Formula{}
	}
	return t.Formula(t.model)
}

// estimate is how many input tokens a request will take at a target. The size is
// kept, to learn from what it took in the end.
func (x *exchange) estimate(t target, req request) int64 {
	x.size, x.sizedFor = req.size(t.formula()), t.model
	return x.g.ratios.Tokens(x.sizedFor, x.size)
}

// learnSize compares the estimate with what the provider counted, if it did.
func (x *exchange) learnSize(ctx context.Context) {
	if x.serving == nil {
		return
	}
	x.g.ratios.Learn(x.sizedFor, x.size, x.event.Usage)
	if learned := x.target.Learned; learned != nil {
		learned(ctx)
	}
}

// account notes what the answer cost and how long its first content took from
// the moment it was asked for.
func (x *exchange) account() {
	if x.serving == nil {
		return
	}
	var first time.Duration
	if x.event.Stream && x.event.FirstToken > 0 { // of a whole answer it says how much was written
		first = x.event.FirstToken - x.sentAt.Sub(x.began)
	}
	if price := x.target.Price; price != nil {
		if p, known := price(x.target.model); known {
			x.event.Cost = p.Cost(x.event.Usage)
		}
	}
	x.serving.Note(first, int64(x.event.Cost))
}
