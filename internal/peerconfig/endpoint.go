package peerconfig

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
)

// endpoint is where a pool sends requests, and how long it waits there.
type endpoint struct {
	vendor   *vendor
	provider string
	baseURL  string
	timeouts timeouts
}

// endpointOf makes an endpoint of a vendor and the URL that a document has for
// it, in the form that Fallow appends paths to; "" means the vendor's own. A
// vendor that config does not know by name, or not at this URL, is reached as
// one that is compatible with OpenAI. The error says why there can be none.
func endpointOf(v *vendor, base string) (endpoint, error) {
	e := endpoint{vendor: v, provider: v.name, baseURL: strings.TrimRight(base, "/")}
	switch {
	case v.name == "anthropic":
		e.baseURL = strings.TrimSuffix(e.baseURL, "/v1")
		return e, e.check()
	case v.name == "openai" && (base == "" || ofOpenAI(base)):
		return e, e.check()
	case v.name == "azure" && base != "":
		e.baseURL = azureURL(e.baseURL)
	}
	if v.name != "openai" && e.check() == nil {
		return e, nil
	}
	e.provider, e.baseURL = config.ProviderOpenAICompatible, cmp.Or(e.baseURL, v.baseURL)
	if e.baseURL == "" {
		return e, errors.New("it has no URL: write base_url of its server")
	}
	return e, e.check()
}

func ofOpenAI(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Hostname() == "api.openai.com" || strings.HasSuffix(u.Hostname(), ".api.openai.com"))
}

// azureURL leads to the API that Azure offers in OpenAI's own form, which
// needs no version in each request (Azure docs, OpenAI v1 API).
func azureURL(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	before, _, _ := strings.Cut(u.Path, "/openai") // of the path: hosts hold it too
	u.Path, u.RawQuery = strings.TrimSuffix(before, "/models")+"/openai/v1", ""
	return u.String()
}

// check asks config, which knows what URLs a credential may be sent to.
func (e endpoint) check() error {
	probe := fmt.Sprintf(`{"version": 1, "pools": {"p": {"provider": %q, "base_url": %q, "keys": [{"name": "k", "secret": "env:K"}]}},
		"models": {"*": {"targets": [{"pool": "p"}]}}, "clients": {"auth": "none"}}`, e.provider, e.baseURL)
	if e.baseURL == "" {
		probe = strings.Replace(probe, `"base_url": "", `, "", 1)
	}
	_, err := config.Parse([]byte(probe), "")
	var faults config.Faults
	if errors.As(err, &faults) {
		return errors.New("its URL " + faults[0].Message)
	}
	return err
}

// endpoint resolves the URL at v, which may be missing, and notes why a
// deployment cannot be carried. fix makes the peer's form Fallow's.
func (im *importer) endpoint(of *value, v *vendor, at *value, fix func(string) string) (endpoint, bool) {
	base := at.text()
	if name := im.vault.refName(base); name != "" {
		base = "https://" + slug(name, "base-url") + ".invalid"
		im.note(NotCarried, at, "Fallow reads no URL from the environment: write that of %s over %s in the document", show(name), base)
	}
	if base != "" {
		base = fix(base)
	}
	e, err := endpointOf(v, base)
	if err != nil {
		if at == nil {
			at = of
		}
		im.lose(at, "this provider cannot be reached: %v", err)
		return e, false
	}
	return e, true
}

// byHand is what to write for Bedrock. Access keys are not carried over: whoever
// moves to Lambda has a role there and wants to be rid of them.
const byHand = "write a pool with provider: bedrock and a key with secret: aws:role, and give its role the right to invoke models"

// unreachable notes a provider that Fallow does not know.
func (im *importer) unreachable(v *value, name string) {
	hint := ""
	switch name {
	case "bedrock", "bedrock_converse":
		im.lose(v, "%s signs requests instead of sending a key: "+byHand, show(name))
		return
	case "vertex_ai", "vertex", "vertex-ai", "sagemaker", "bedrock_mantle":
		hint = ", which signs requests instead of sending a key"
	}
	im.lose(v, "this version does not reach provider %s%s", show(name), hint)
}
