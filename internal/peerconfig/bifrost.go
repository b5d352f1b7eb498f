package peerconfig

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// bifrost reads config.json (Bifrost docs, deployment-guides/config-json):
// providers with weighted keys. Its clients ask for provider/model.
type bifrost struct {
	*importer
	providers []*bifrostProvider
}

// bifrostProvider is a provider that Fallow reaches, and its usable keys.
type bifrostProvider struct {
	name string
	at   *value
	keys []*bifrostKey
}

// bifrostKey is a key and the models it serves.
type bifrostKey struct {
	deployment
	all     bool     // every model, beside those in models
	models  []string // in the order of the document
	renamed map[string]string
}

func (im *importer) readBifrost() {
	b := &bifrost{importer: im}
	section := im.root.get("providers")
	for i, p := range section.fields() {
		b.provider(section.keys[i], p)
	}
	governance := im.root.get("governance")
	for _, rule := range governance.get("routing_rules").entries() {
		b.rule(rule)
	}
	for _, p := range b.providers {
		b.models(p)
	}
	b.wildcards()
	for _, c := range governance.get("virtual_keys").entries() {
		b.client(c)
	}
}

// provider reads one provider. A custom one speaks another's API at a URL of
// its own.
func (b *bifrost) provider(name string, p *value) {
	custom, network := p.get("custom_provider_config"), p.get("network_config")
	speaks := cmp.Or(custom.get("base_provider_type").text(), name)
	known := vendorOf(speaks)
	if known == nil {
		b.unreachable(p, speaks)
		return
	}
	v := *known
	if v.name = slug(name, v.name); custom != nil {
		v.families, v.variable = nil, ""
	}
	limits := timeouts{
		idle:  b.duration(network.get("stream_idle_timeout_in_seconds"), time.Second),
		total: b.duration(network.get("default_request_timeout_in_seconds"), time.Second),
	}
	made := &bifrostProvider{name: name, at: p}
	keys := p.get("keys").entries()
	if len(keys) == 0 && (custom.get("is_key_less").isTrue() || v.keyless()) {
		keys = []*value{p} // one that stands for all, without value or models
	}
	for _, k := range keys {
		if read := b.key(k, &v, known, network); read != nil {
			read.endpoint.timeouts = limits
			made.keys = append(made.keys, read)
		}
	}
	if len(made.keys) > 0 {
		b.providers = append(b.providers, made)
	}
}

// key reads one key; nil when it cannot be used.
func (b *bifrost) key(k *value, v, known *vendor, network *value) *bifrostKey {
	weight, weighted := k.get("weight").number()
	if k.get("enabled").isFalse() || weighted && weight <= 0 {
		b.note(Otherwise, k, "is switched off and was left out")
		k.settle()
		return nil
	}
	if !weighted {
		weight = 1
	}
	base := network.get("base_url")
	for _, own := range []string{"azure_key_config", "ollama_key_config", "vllm_key_config", "sgl_key_config"} {
		base = cmp.Or(k.get(own).get("endpoint", "url"), base)
	}
	e, ok := b.endpoint(k, known, base, func(s string) string { return withVersion(known, s) })
	if !ok {
		k.settle()
		return nil
	}
	e.vendor = v
	ref := b.keyRef(k, e)
	if ref == "" {
		return nil
	}
	read := &bifrostKey{deployment: deployment{k, e, key{slug(k.get("name").text(), ""), ref, weight}, ""}}
	read.readModels(k)
	return read
}

func (b *bifrost) keyRef(k *value, e endpoint) string {
	at := k.get("value")
	if at.get("env_var") != nil {
		at = at.get("env_var") // as the API for administrators writes it
	} else if at.get("value") != nil {
		at = at.get("value")
	}
	switch {
	case at.text() != "":
		return b.credential(at, e.vendor.name)
	case e.vendor.keyless():
		return b.keyless(k, e)
	}
	b.lose(k, "it has no value: Fallow reaches this provider by its API key only")
	return ""
}

// readModels reads which models a key serves and what they are called upstream.
func (k *bifrostKey) readModels(at *value) {
	k.renamed = map[string]string{}
	k.models = slices.Clone(at.get("models").texts())
	k.all = len(k.models) == 0 || slices.Contains(k.models, "*")
	k.models = slices.DeleteFunc(k.models, func(m string) bool { return m == "*" })
	for _, names := range []*value{at.get("azure_key_config").get("deployments"), at.get("aliases")} {
		for i, to := range names.fields() {
			model := names.keys[i]
			if to.kind == object {
				to = to.get("model_id", "model", "deployment")
			}
			if upstream := to.text(); upstream != "" {
				k.renamed[model] = upstream
				k.models = append(k.models, model)
			}
		}
	}
}

var versioned = regexp.MustCompile(`/v\d+[a-z]*(/openai)?$`)

// withVersion adds the version to URLs, which Bifrost leaves to its paths.
func withVersion(v *vendor, base string) string {
	base = strings.TrimRight(base, "/")
	switch {
	case v.name == "azure" || v.name == "anthropic":
		return base
	case v.name == "gemini":
		return strings.TrimSuffix(strings.TrimSuffix(base, "/openai"), "/v1beta") + "/v1beta/openai"
	case versioned.MatchString(base):
		return base
	}
	return base + "/v1"
}
