package estimate

// Family is what is known of one model family.
type Family struct {
	Text  Ratio `json:"text"`
	Wide  Ratio `json:"wide"`
	JSON  Ratio `json:"json"`
	Fixed Ratio `json:"fixed"`
}

// Ratio is the mean of what one class of content costs.
type Ratio struct {
	// PerToken is how many of the units in which Size counts the class make a
	// token. It stays within a factor of four of its start.
	PerToken float64 `json:"per_token"`
	// Seen is on how many requests PerToken rests, each weighted by how much it
	// has to say about the class; it counts up to 60.
	Seen float64 `json:"seen"`
}

// Start is what is assumed of a family before anything is learned.
//
// Text: 3.5 bytes, between 4 of English prose and 3 of dense code. Wide: 3,
// because that is what a CJK character takes in UTF-8, and tokenizers make
// between 0.7 and 1.3 tokens of one. JSON: 3, because every few bytes a quote, a
// brace or a colon is a token of its own. Fixed: 1, the formulas as they stand.
func Start() Family {
	return Family{Text: Ratio{PerToken: 3.5}, Wide: Ratio{PerToken: 3}, JSON: Ratio{PerToken: 3}, Fixed: Ratio{PerToken: 1}}
}

// How fast and how far a Ratio learns.
const (
	// inertia is what the start is worth, in requests: one strange request in
	// the beginning must not throw it.
	inertia = 4
	// window is the most that Seen counts, so that later requests still matter:
	// the mean becomes an exponential one with a gain of 1/64.
	window = 60
	// farOff is the factor by which one request may seem off at most. What is
	// further off is no matter of ratios, such as pages that a provider's own
	// tool fetched, or the limits of a formula.
	farOff = 2
	// wellSized is the tokens from which a request has full weight. Of a short
	// one much is what the provider adds, and little depends on it.
	wellSized = 1000
	// bound is the factor within which a ratio stays of its start.
	bound = 4
)

// term is one class of a request: so many units, at a ratio.
type term struct {
	ratio *Ratio
	start float64
	units int64
}

func (t term) tokens() float64 { return float64(max(t.units, 0)) / t.ratio.PerToken }

func (f *Family) terms(s Size) [4]term {
	start := Start()
	return [4]term{
		{&f.Text, start.Text.PerToken, s.Text},
		{&f.Wide, start.Wide.PerToken, s.Wide},
		{&f.JSON, start.JSON.PerToken, s.JSON},
		{&f.Fixed, start.Fixed.PerToken, s.Fixed},
	}
}

func (f *Family) tokens(s Size) (n float64) {
	for _, t := range f.terms(s) {
		n += t.tokens()
	}
	return n
}

// learn moves each ratio by how far the request was off, in proportion to the
// part that the class had in it. For requests of one class this is the mean of
// actual over estimated; from requests that mix them in different proportions
// each finds its own (it is a normalised least-mean-squares filter), though the
// provider reports only the sum.
func (f *Family) learn(s Size, sent float64) {
	expected := f.tokens(s)
	if expected == 0 {
		return
	}
	off := min(max(sent/expected, 1.0/farOff), farOff)
	weight := min(expected/wellSized, 1)
	for _, t := range f.terms(s) {
		t.ratio.move(off, weight*t.tokens()/expected)
		t.ratio.confine(t.start)
	}
}

// move takes in one request in which the class weighed so much, 0 to 1. The mean
// is that of tokens per unit, in which errors add up, not of units per token.
func (r *Ratio) move(off, weight float64) {
	r.Seen = min(r.Seen+weight, window)
	gain := weight / (inertia + r.Seen)
	r.PerToken /= 1 + gain*(off-1)
}

func (r *Ratio) confine(start float64) {
	r.PerToken = min(max(r.PerToken, start/bound), start*bound)
}
