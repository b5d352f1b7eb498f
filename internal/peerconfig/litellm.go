package peerconfig

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// litellm reads the proxy's config.yaml (LiteLLM docs, proxy/configs): a list
// of deployments, grouped by the model_name that clients ask for.
type litellm struct {
	*importer
	general, router, settings *value
	credentials               map[string]*value
	timeouts                  timeouts // for deployments without their own
	groups                    []*group
	wildcards                 []deployment // of provider/*
}

// group holds the deployments of one model_name, by their order: those of the
// lowest are used while any of them works.
type group struct {
	name    string
	at      *value
	byOrder map[float64]tier
}

func (im *importer) readLiteLLM() {
	l := &litellm{importer: im, credentials: map[string]*value{},
		general: im.root.get("general_settings"), router: im.root.get("router_settings"), settings: im.root.get("litellm_settings")}
	im.vault.reference = secretManager(l.general)
	l.timeouts = timeouts{
		firstToken: im.duration(l.router.get("stream_timeout"), time.Second),
		total:      cmp.Or(im.duration(l.router.get("timeout"), time.Second), im.duration(l.settings.get("request_timeout"), time.Second)),
	}
	for _, c := range im.root.get("credential_list").entries() {
		l.credentials[c.get("credential_name").text()] = c.get("credential_values")
	}
	for _, m := range im.root.get("model_list").entries() {
		l.model(m)
	}
	for _, g := range l.groups {
		im.addRoute(g.name, g.at, g.tiers()...)
	}
	l.fallbacks()
	l.aliases()
	l.families()
	if key := l.general.get("master_key"); key != nil {
		im.addClient("litellm-master-key", im.credential(key, "litellm-master"))
		im.note(Otherwise, key, "became the token of one client; /admin has a secret of its own, see admin.secret")
	}
}

func (g *group) tiers() []tier {
	var tiers []tier
	for _, order := range slices.Sorted(maps.Keys(g.byOrder)) {
		tiers = append(tiers, g.byOrder[order])
	}
	return tiers
}

// model reads one entry of model_list.
func (l *litellm) model(m *value) {
	params := m.get("litellm_params")
	name, model := m.get("model_name").text(), params.get("model").text()
	if name == "" || model == "" {
		l.lose(m, "it has no model_name or no litellm_params.model")
		return
	}
	stored := l.credentials[params.get("litellm_credential_name").text()]
	base := cmp.Or(params.get("api_base", "base_url"), stored.get("api_base"))
	vendorName, upstream := splitModel(model, params.get("custom_llm_provider").text(), base != nil)
	v := vendorOf(vendorName)
	if v == nil {
		l.unreachable(m, cmp.Or(vendorName, model))
		return
	}
	e, ok := l.endpoint(m, v, base, func(s string) string { return withOllamaPath(v, s) })
	weight, weighted := params.get("weight").number()
	switch {
	case !ok:
		m.settle()
		return
	case weighted && weight <= 0:
		l.note(Otherwise, m, "has no weight and was left out")
		m.settle()
		return
	case !weighted:
		weight = 1
	}
	e.timeouts = l.own(params)
	k := key{ref: l.key(m, cmp.Or(params.get("api_key"), stored.get("api_key")), e), weight: weight}
	l.place(m, name, model, deployment{m, e, k, upstream})
}

// own are the timeouts of a deployment.
func (l *litellm) own(params *value) timeouts {
	read := func(name string) time.Duration { return l.duration(params.get(name), time.Second) }
	return timeouts{
		firstToken: cmp.Or(read("ttft_timeout"), read("stream_timeout"), l.timeouts.firstToken),
		idle:       read("stream_idle_timeout"),
		total:      cmp.Or(read("timeout"), l.timeouts.total),
	}
}

// key finds the credential of a deployment; without api_key, LiteLLM takes the
// variable that each vendor's own client reads.
func (l *litellm) key(m, at *value, e endpoint) string {
	switch {
	case at != nil && at.text() != "":
		return l.credential(at, e.vendor.name)
	case e.vendor.keyless():
		return l.keyless(m, e)
	case l.vault.reference != nil:
		return l.vault.reference(e.vendor.variable)
	}
	return "env:" + e.vendor.variable
}

// place puts a deployment into its group. Wildcards are carried where Fallow
// can send the client's name on as it is.
func (l *litellm) place(m *value, name, model string, d deployment) {
	switch {
	case !strings.HasSuffix(d.model, "*"):
		if !isModel(d.model) {
			l.lose(m, "%s cannot be the name of a model", show(d.model))
			return
		}
	case d.model == "*" && name == "*" || d.model == name:
		d.model = ""
	case name == model && d.model == "*":
		l.wildcards = append(l.wildcards, d)
		return
	default:
		l.lose(m, "Fallow sends the client's model name on as it is and cannot make %s of %s", show(model), show(name))
		return
	}
	order, _ := m.get("litellm_params").get("order").number()
	i := slices.IndexFunc(l.groups, func(g *group) bool { return g.name == name })
	if i < 0 {
		i = len(l.groups)
		l.groups = append(l.groups, &group{name, m, map[float64]tier{}})
	}
	l.groups[i].byOrder[order] = append(l.groups[i].byOrder[order], d)
}

// families turns provider/* into the names that clients use without the
// provider.
func (l *litellm) families() {
	for _, d := range l.wildcards {
		var same tier
		for _, other := range l.wildcards {
			if other.endpoint.vendor == d.endpoint.vendor {
				other.model = ""
				same = append(same, other)
			}
		}
		if l.addFamilies(d.at, same) {
			l.note(Otherwise, d.at, "Fallow sends model names on as they are: clients name the model without %s/", d.endpoint.vendor.name)
			continue
		}
		l.lose(d.at, "Fallow cannot take %s/ off the client's model name: list the models one by one", d.endpoint.vendor.name)
	}
}
