package simprovider

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// disturbs reports whether the fault strikes in the middle of an answer.
func (x *exchange) disturbs() bool {
	switch x.struck.Effect {
	case fault.StreamError, fault.Stall, fault.StreamCut, fault.StreamEnd:
		return true
	default:
		return false
	}
}

// disturb does to a stream what the fault says and reports whether it is over.
func (x *exchange) disturb() (over bool) {
	f := x.struck
	x.struck = fault.Fault{} // once
	if f.Effect == fault.Stall {
		if x.stall(f.Delay) != nil {
			x.broken()
			return true
		}
		return false
	}
	x.broken()
	if f.Effect == fault.StreamError {
		_, _ = x.w.Write(x.dialect.ErrorEvent(&x.call, x.dialect.Fault(f, &x.call, x.now())))
	}
	x.flush()
	if f.Effect == fault.StreamCut {
		panic(http.ErrAbortHandler)
	}
	return true
}

// stall is silent for d, or until the client goes away if d is 0.
func (x *exchange) stall(d time.Duration) error {
	if d > 0 {
		return x.pause(d)
	}
	x.flush()
	<-x.r.Context().Done()
	return context.Cause(x.r.Context())
}

// disturbWhole does the same to an answer that is not streamed: an error
// becomes the status, and what would end a stream breaks the body off.
func (x *exchange) disturbWhole(body []byte) *dialogue.Refusal {
	switch x.struck.Effect {
	case fault.StreamError:
		return x.dialect.Fault(x.struck, &x.call, x.now())
	case fault.Stall:
		if x.stall(x.struck.Delay) != nil {
			return x.gone()
		}
		x.json(http.StatusOK, body)
		x.answered()
		return nil
	default:
		x.broken()
		x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		x.status(http.StatusOK, "application/json")
		_, _ = x.w.Write(body[:len(body)/2])
		x.flush()
		panic(http.ErrAbortHandler)
	}
}
