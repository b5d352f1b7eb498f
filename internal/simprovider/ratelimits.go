package simprovider

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// AdminKey is the admin key of an organisation, with which its rate limits can
// be read and nothing else.
func AdminKey(organisation string) string { return "sim-admin-" + organisation }

// rateLimit is an entry of the Rate Limits API. Kind stands beside the rest in
// API version 2023-06-01 and inside Group in 2026-10-21. (Anthropic docs,
// manage-claude/rate-limits-api.)
type rateLimit struct {
	Type   string        `json:"type"`
	ID     string        `json:"id,omitempty"`
	Kind   string        `json:"group_type,omitempty"`
	Group  *limitGroup   `json:"group,omitempty"`
	Models []string      `json:"models"`
	Limits []limitOfType `json:"limits"`
}

type limitGroup struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	DisplayName string `json:"display_name"`
}

type limitOfType struct {
	Type  string `json:"type"`
	Value int64  `json:"value"`
}

// rateLimits serves an organisation's limits as they are at present, faults
// that scale them included.
func (p *Provider) rateLimits(w http.ResponseWriter, r *http.Request) {
	x := p.begin(p.anthropic, w, r)
	org := p.administered(credentialOf(r.Header))
	if org == nil {
		x.refuse(p.anthropic.Unauthenticated(credentialOf(r.Header)))
		return
	}
	x.call.OrganisationID, x.call.WorkspaceID = org.ID, org.workspace
	if kind := r.URL.Query().Get("group_type"); kind != "" && kind != "model_group" && kind != "batch" {
		x.refuse(&dialogue.Refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Message: "group_type: unknown value"})
		return
	}
	body, err := json.Marshal(map[string]any{"data": p.limitsOf(org, r), "next_page": nil})
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	x.json(http.StatusOK, body)
}

// administered finds the organisation whose admin key that is.
func (p *Provider) administered(key string) *organisation {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for name, org := range p.orgs {
		if key == AdminKey(name) {
			return org
		}
	}
	return nil
}

func (p *Provider) limitsOf(org *organisation, r *http.Request) []rateLimit {
	families := map[string][]string{}
	for _, m := range p.anthropic.Models.Models() {
		if m.Owner == "anthropic" {
			families[m.Family] = append(families[m.Family], m.ID)
		}
	}
	kind := cmp.Or(r.URL.Query().Get("group_type"), "model_group")
	list := []rateLimit{}
	for _, family := range slices.Sorted(maps.Keys(families)) {
		if kind != "model_group" {
			break
		}
		entry := rateLimit{Type: "rate_limit", Kind: kind, Models: families[family]}
		entry.Limits = p.limitsOfFamily(org, family, entry.Models[0])
		if r.Header.Get("anthropic-version") >= "2026-10-21" {
			entry.Kind, entry.ID = "", "rl_"+family
			entry.Group = &limitGroup{ID: "rlg_" + family, Type: kind, DisplayName: family}
		}
		list = append(list, entry)
	}
	return list
}

func (p *Provider) limitsOfFamily(org *organisation, family, model string) []limitOfType {
	limits, own := org.Families[family]
	if !own {
		limits = org.Limits
	}
	factor := p.faults.Factor(fault.Target{Organisation: org.Name, Model: model}, p.now())
	return listLimits(limits, factor)
}

func listLimits(l quota.Limits, factor float64) []limitOfType {
	list := []limitOfType{}
	for _, limit := range []limitOfType{
		{"requests_per_minute", l.Requests}, {"input_tokens_per_minute_cache_aware", l.InputTokens}, {"output_tokens_per_minute", l.OutputTokens},
	} {
		if limit.Value > 0 {
			limit.Value = max(1, int64(float64(limit.Value)*factor))
			list = append(list, limit)
		}
	}
	return list
}
