package simprovider

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/tidwall/gjson"
)

// maxBody is Anthropic's bound on a request to Messages.
const maxBody = 32 << 20

// exchange is one request on its way through the provider.
type exchange struct {
	*Provider
	dialect dialect
	w       http.ResponseWriter
	r       *http.Request
	started time.Time
	random  *rand.Rand
	call    dialogue.Call

	key    string
	org    *organisation // nil until authenticated
	counts []*Counts     // the key's and the organisation's

	struck fault.Fault  // zero unless a fault disturbs the answer
	sent   bool         // the status and the headers are on their way
	group  *quota.Group // nil until the model is known
}

func (p *Provider) begin(d dialect, w http.ResponseWriter, r *http.Request) *exchange {
	n := p.requests.Add(1)
	random := rand.New(rand.NewPCG(p.config.Seed, n))
	now := p.now()
	return &exchange{
		Provider: p, dialect: d, w: w, r: r, started: now, random: random,
		call: dialogue.Call{ID: "01" + dialogue.ID(random.Uint64()), MessageID: "01" + dialogue.ID(random.Uint64()), Created: now},
	}
}

func (x *exchange) authenticate() *dialogue.Refusal {
	x.key = credentialOf(x.r.Header)
	c, ok := x.find(x.key)
	if !ok {
		x.ledger.change(func(*Counts) { x.ledger.unauthenticated++ }, &Counts{})
		return x.dialect.Unauthenticated(x.key)
	}
	x.org, x.counts = c.org, []*Counts{c.counts, c.org.counts}
	x.call.OrganisationID, x.call.OrganisationName, x.call.WorkspaceID = c.org.ID, c.org.Name, c.org.workspace
	return nil
}

// generate serves a generation and keeps count of it.
func (x *exchange) generate() *dialogue.Refusal {
	running := x.enter()
	defer x.ledger.change(func(c *Counts) { c.InFlight-- }, x.counts...)
	bad := x.run(running)
	if bad != nil {
		wasted := fault.Effect(bad.Cause).Refuses()
		x.ledger.change(func(c *Counts) { c.refuse(bad.Cause, wasted) }, x.counts...)
	}
	return bad
}

// run is the whole story of a generation; running is how many the
// organisation has in flight with this one.
func (x *exchange) run(running int) *dialogue.Refusal {
	body, bad := x.body()
	if bad != nil {
		return bad
	}
	x.call.Model = gjson.GetBytes(body, "model").Str
	if bad := x.suffer(); bad != nil {
		return bad
	}
	if x.org.MaxInFlight > 0 && running > x.org.MaxInFlight {
		full := x.dialect.Fault(fault.Fault{Effect: fault.Concurrency}, &x.call, x.started)
		full.Cause = "in_flight"
		return full
	}
	prompt, bad := x.dialect.Parse(body, x.r.Header)
	if bad != nil {
		return bad
	}
	if bad := x.admit(prompt); bad != nil {
		return bad
	}
	return x.answer(prompt)
}

// enter counts the request and returns how many of the organisation run.
func (x *exchange) enter() int {
	x.ledger.change((*Counts).enter, x.counts...)
	x.ledger.mu.Lock()
	defer x.ledger.mu.Unlock()
	return int(x.org.counts.InFlight)
}

func (x *exchange) body() ([]byte, *dialogue.Refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, dialogue.TooLarge()
	}
	if err != nil {
		x.broken() // the client went away while it was still talking
		panic(http.ErrAbortHandler)
	}
	return body, nil
}

// suffer lets faults strike: refusals at once, cuts too, other disturbances
// are kept for the answer.
func (x *exchange) suffer() *dialogue.Refusal {
	target := fault.Target{Key: x.key, Organisation: x.org.Name, Model: x.call.Model}
	f, struck := x.faults.Strike(target, x.started, x.random.Float64)
	switch {
	case !struck:
	case f.Effect == fault.TooLargePage:
		page := dialogue.TooLarge()
		page.Cause = string(f.Effect)
		return page
	case f.Effect.Refuses():
		return x.dialect.Fault(f, &x.call, x.now())
	case f.Effect == fault.Cut:
		x.ledger.change(func(c *Counts) { c.refuse(string(fault.Cut), true) }, x.counts...)
		panic(http.ErrAbortHandler)
	default:
		x.struck = f
	}
	return nil
}

// admit books the request in its quota.
func (x *exchange) admit(p *dialogue.Prompt) *dialogue.Refusal {
	now := x.now()
	x.call.IncludeUsage, x.call.Pings = p.IncludeUsage, p.Demanded(dialogue.DemandPings)
	x.call.Encrypted = p.Encrypted
	x.group = x.org.group(p.Model.Family, now)
	x.group.Scale(x.faults.Factor(fault.Target{Key: x.key, Organisation: x.org.Name, Model: x.call.Model}, now), now)
	if short, ok := x.group.Admit(x.dialect.Need(p), now); !ok {
		return x.dialect.OverLimit(&x.call, short)
	}
	return nil
}

// countTokens is free and draws on no quota of generations.
func (x *exchange) countTokens() *dialogue.Refusal {
	body, bad := x.body()
	if bad != nil {
		return bad
	}
	prompt, bad := x.anthropic.ParseCount(body, x.r.Header)
	if bad != nil {
		return bad
	}
	x.json(http.StatusOK, x.anthropic.Count(prompt.Tokens))
	return nil
}

// refuse answers with an error.
func (x *exchange) refuse(bad *dialogue.Refusal) {
	if bad.Page != "" {
		x.w.Header().Set("Content-Type", "text/html")
		x.w.WriteHeader(bad.Status)
		_, _ = io.WriteString(x.w, bad.Page)
		return
	}
	if bad.RetryAfter > 0 {
		x.dialect.RetryAfter(x.w.Header(), bad.RetryAfter)
	}
	x.json(bad.Status, x.dialect.Error(&x.call, bad))
}

// headers writes what every answer carries. The state of the quota is told by
// those answers that the limiter saw.
func (x *exchange) headers() {
	now := x.now()
	x.dialect.Identity(x.w.Header(), &x.call, now.Sub(x.started))
	if x.group != nil {
		x.dialect.Limits(x.w.Header(), x.group.Levels(now), now)
	}
}

func (x *exchange) json(status int, body []byte) {
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.status(status, "application/json")
	_, _ = x.w.Write(body) // a client that is gone needs no error
}

// status writes the status line and all headers.
func (x *exchange) status(code int, contentType string) {
	x.headers()
	x.w.Header().Set("Content-Type", contentType)
	x.w.WriteHeader(code)
	x.sent = true
}

func (x *exchange) broken() { x.ledger.change(func(c *Counts) { c.Broken++ }, x.counts...) }
