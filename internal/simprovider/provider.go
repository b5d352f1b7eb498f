package simprovider

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/anthropic"
	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/openai"
)

// Provider is a simulated provider. It is safe for concurrent use. Some faults
// break the connection by panicking with http.ErrAbortHandler, so it must be
// served by an http.Server rather than called with a recorder when those are
// injected.
type Provider struct {
	config    Config
	now       func() time.Time
	faults    fault.Set
	ledger    ledger
	mux       *http.ServeMux
	requests  atomic.Uint64 // numbers requests, for ids and random draws
	anthropic anthropic.Dialect
	openai    openai.Dialect

	mu   sync.RWMutex
	orgs map[string]*organisation // by name; the set never changes
	keys map[string]*credential
}

var _ http.Handler = (*Provider)(nil)

// credential is a key and who owns it.
type credential struct {
	org      *organisation
	counts   *Counts
	accepted bool
}

// New makes a provider. It panics if two organisations share a name or a key:
// a provider made of such a config would answer for the wrong one.
func New(cfg Config) *Provider {
	models := catalogue.New(cfg.Models)
	p := &Provider{
		config: cfg, now: cfg.clock(),
		anthropic: anthropic.Dialect{Models: models}, openai: openai.Dialect{Models: models},
		orgs: map[string]*organisation{}, keys: map[string]*credential{},
	}
	for _, o := range cfg.organisations() {
		if p.orgs[o.Name] != nil || o.Name == "" {
			panic(fmt.Sprintf("simprovider: organisation name %q is empty or taken", o.Name))
		}
		org := newOrganisation(o)
		org.counts = &Counts{}
		p.orgs[o.Name] = org
		for _, key := range o.Keys {
			if p.keys[key] != nil {
				panic(fmt.Sprintf("simprovider: organisation %q has a key that another one has", o.Name))
			}
			p.keys[key] = &credential{org: org, counts: &Counts{}, accepted: true}
		}
	}
	p.mux = p.routes()
	return p
}

// ServeHTTP serves both dialects and the control surface below /_sim/.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Inject lets something go wrong from now on and returns an id for Clear. It
// panics if the fault is not valid (see Fault.Validate), as a test that
// injects nothing would prove nothing.
func (p *Provider) Inject(f Fault) string {
	id, err := p.faults.Inject(f, p.now())
	if err != nil {
		panic(err)
	}
	return id
}

// Clear ends a fault, or all of them if id is empty. It reports whether there
// was any.
func (p *Provider) Clear(id string) bool { return p.faults.Clear(id) }

// Accept adds a key to an organisation, or lets a revoked one in again.
func (p *Provider) Accept(organisation, key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	org := p.orgs[organisation]
	if org == nil {
		return fmt.Errorf("simprovider: no organisation is named %q", organisation)
	}
	if c := p.keys[key]; c != nil && c.org != org {
		return fmt.Errorf("simprovider: the key belongs to organisation %q", c.org.Name)
	}
	if p.keys[key] == nil {
		p.keys[key] = &credential{org: org, counts: &Counts{}}
	}
	p.keys[key].accepted = true
	return nil
}

// Revoke refuses a key from now on; requests in flight go on. It reports
// whether the key was accepted until now.
func (p *Provider) Revoke(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.keys[key]
	if c == nil || !c.accepted {
		return false
	}
	c.accepted = false
	return true
}

// find returns the owner of an accepted key.
func (p *Provider) find(key string) (*credential, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c := p.keys[key]
	return c, c != nil && c.accepted
}

// Stats reports what happened so far.
func (p *Provider) Stats() Stats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	s := Stats{Organisations: map[string]Counts{}, Keys: map[string]Counts{}, Unauthenticated: p.ledger.unauthenticated}
	for name, o := range p.orgs {
		s.Organisations[name] = o.counts.clone()
	}
	for key, c := range p.keys {
		s.Keys[key] = c.counts.clone()
	}
	return s
}

// Reset clears the faults, fills the quotas, empties the prompt caches and
// sets the statistics to zero. Keys stay as they are.
func (p *Provider) Reset() {
	p.faults.Clear("")
	p.mu.RLock()
	defer p.mu.RUnlock()
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	p.ledger.unauthenticated = 0
	for _, o := range p.orgs {
		o.reset()
		o.counts.reset()
	}
	for _, c := range p.keys {
		c.counts.reset()
	}
}
