package simprovider

import (
	"net/http"
	"strconv"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/openai"
	"github.com/tidwall/gjson"
)

// openAIRoutes are OpenAI's APIs beside Chat Completions.
func (p *Provider) openAIRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/responses", p.handle(openai.Responses{Dialect: p.openai}, (*exchange).generate))
	mux.HandleFunc("POST /v1/completions", p.handle(openai.Completions{Dialect: p.openai}, (*exchange).generate))
	for path, api := range openai.APIs {
		mux.HandleFunc("POST "+path, p.handle(p.openai, func(x *exchange) *dialogue.Refusal { return x.simple(api) }))
	}
	p.fileRoutes(mux)
}

// simple serves an API that does not converse and keeps count of it.
func (x *exchange) simple(api openai.API) *dialogue.Refusal {
	running := x.enter()
	defer x.ledger.change(func(c *Counts) { c.InFlight-- }, x.counts...)
	bad := x.runSimple(api, running)
	if bad != nil {
		wasted := fault.Effect(bad.Cause).Refuses()
		x.ledger.change(func(c *Counts) { c.refuse(bad.Cause, wasted) }, x.counts...)
	}
	return bad
}

func (x *exchange) runSimple(api openai.API, running int) *dialogue.Refusal {
	body, bad := x.body()
	if bad != nil {
		return bad
	}
	x.call.Model = gjson.GetBytes(body, "model").Str // of a form it is not known yet
	if bad := x.suffer(); bad != nil {
		return bad
	}
	if x.org.MaxInFlight > 0 && running > x.org.MaxInFlight {
		full := x.dialect.Fault(fault.Fault{Effect: fault.Concurrency}, &x.call, x.started)
		full.Cause = "in_flight"
		return full
	}
	made, bad := api(x.openai, openai.Request{Type: x.r.Header.Get("Content-Type"), Body: body, Created: x.started})
	if bad != nil {
		return bad
	}
	x.call.Model = made.Model
	x.group = x.org.group(made.Model, x.started)
	if short, ok := x.group.Admit(made.Need, x.started); !ok {
		return x.dialect.OverLimit(&x.call, short)
	}
	return x.deliver(made)
}

// deliver takes the time of a whole answer.
func (x *exchange) deliver(made *openai.Made) *dialogue.Refusal {
	_, total := x.config.Latency.draw(x.random)
	if x.struck.Effect == fault.Slow {
		total += x.struck.Delay
	}
	if x.wait(x.started.Add(total)) != nil {
		return x.gone()
	}
	x.ledger.change(func(c *Counts) { c.read(dialogue.Usage{Input: made.Input}) }, x.counts...)
	if x.disturbs() {
		return x.disturbWhole(made.Body)
	}
	x.w.Header().Set("Content-Length", strconv.Itoa(len(made.Body)))
	x.status(http.StatusOK, made.Type)
	_, _ = x.w.Write(made.Body) // a client that is gone needs no error
	x.answered()
	return nil
}
