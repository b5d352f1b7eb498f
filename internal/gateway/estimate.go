package gateway

import "github.com/fallow-dev/fallow/internal/estimate"

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
func (x *exchange) learnSize() {
	if x.serving != nil {
		x.g.ratios.Learn(x.sizedFor, x.size, x.event.Usage)
	}
}
