package messages

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// CountTokens answers count_tokens for a target whose provider has no such call,
// with an estimate: what r has learned of the upstream model, by its formula.
func CountTokens(req *Request, r *estimate.Ratios, model string, f estimate.Formula) []byte {
	n := r.Tokens(model, estimate.Measure(req, f))
	return append(strconv.AppendInt([]byte(`{"input_tokens":`), n, 10), '}')
}
