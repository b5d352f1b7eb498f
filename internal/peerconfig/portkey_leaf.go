package peerconfig

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// inherited is what a target takes from the objects around it.
type inherited struct {
	firstToken time.Duration
	model      string
	host       *value
}

func (p portkey) inherit(v *value, from inherited) inherited {
	return inherited{
		// It covers the time until the headers, not the whole answer.
		firstToken: cmp.Or(p.duration(v.get("request_timeout", "requestTimeout"), time.Millisecond), from.firstToken),
		model:      cmp.Or(v.get("override_params", "overrideParams").get("model").text(), from.model),
		host:       cmp.Or(v.get("custom_host", "customHost"), from.host),
	}
}

// leaf reads a provider with its key; nothing when Fallow cannot reach it.
func (p portkey) leaf(v *value, from inherited) []tier {
	held := v.get("virtual_key", "virtualKey").text()
	provider := v.get("provider").text()
	if slug, ok := strings.CutPrefix(provider, "@"); ok {
		held, provider = slug, ""
	}
	if rest, ok := strings.CutPrefix(from.model, "@"); ok { // @slug/model
		held, from.model, _ = strings.Cut(rest, "/")
	}
	known := vendorOf(provider)
	switch {
	case provider == "":
		if known = guessed(held, from.model); known == nil {
			p.lose(v, "only Portkey knows which provider this is: write provider beside it")
			return nil
		}
	case known == nil:
		p.unreachable(v, provider)
		return nil
	}
	if from.model != "" && !isModel(from.model) {
		p.lose(v, "%s cannot be the name of a model", show(from.model))
		return nil
	}
	e, model, ok := p.reach(v, known, from)
	if !ok {
		v.settle()
		return nil
	}
	e.timeouts.firstToken = from.firstToken
	name := slug(cmp.Or(v.get("name").text(), held), "")
	return []tier{{deployment{v, e, key{name, p.key(v, held, e), 1}, model}}}
}

// reach finds the endpoint. Azure's is named after a resource, and its models
// after deployments.
func (p portkey) reach(v *value, known *vendor, from inherited) (endpoint, string, bool) {
	as := func(base string) string { return base }
	if known.name != "azure" || from.host != nil {
		e, ok := p.endpoint(v, known, from.host, as)
		return e, from.model, ok
	}
	deployment := v.get("deployment_id", "deploymentId", "azure_deployment_id", "azureDeploymentId").text()
	resource := v.get("resource_name", "resourceName", "azure_resource_name", "azureResourceName").text()
	base := "https://" + resource + ".openai.azure.com"
	if resource == "" {
		base = "https://azure-resource.invalid"
		p.note(NotCarried, v, "only Portkey knows the Azure resource: write its endpoint over %s in the document", base)
	}
	e, err := endpointOf(known, base)
	if err != nil || resource != "" && slug(resource, "") != strings.ToLower(resource) || deployment != "" && !isModel(deployment) {
		p.lose(v, "its resource or deployment has no name that can be part of a URL")
		return e, "", false
	}
	return e, cmp.Or(deployment, from.model), true
}

// key finds the credential, which Portkey keeps for those who use virtual keys.
func (p portkey) key(v *value, held string, e endpoint) string {
	own := v.get("api_key", "apiKey")
	if own.text() != "" {
		return p.credential(own, e.vendor.name)
	}
	switch {
	case held != "":
		return p.asked(v, "@"+held, held, "the provider's key, which Portkey keeps as "+show(held)+",")
	case e.vendor.keyless():
		return p.keyless(v, e)
	}
	return p.asked(v, v.path, e.vendor.name, "the provider's key, which clients sent so far,")
}

// guessed finds the vendor whose name begins that of a virtual key, or whose
// family the model is of. The longest name wins: azure-openai is not openai.
func guessed(held, model string) *vendor {
	var found *vendor
	longest := 0
	for _, v := range vendors {
		for _, name := range append([]string{v.name}, v.aliases...) {
			if len(name) > longest && (held == name || strings.HasPrefix(held, name+"-")) {
				found, longest = v, len(name)
			}
		}
	}
	for _, v := range vendors {
		if found == nil && slices.ContainsFunc(v.families, func(f string) bool { return strings.HasPrefix(model, f) }) {
			found = v
		}
	}
	return found
}
