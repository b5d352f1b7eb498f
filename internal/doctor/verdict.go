package doctor

import (
	"fmt"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// remedies say what a refusal of the free call means for the key, and what to
// do. What is not here says nothing about the key.
var remedies = map[upstream.Class]struct {
	level     Level
	what, fix string
}{
	upstream.Auth:       {Fail, "is refused by the provider", "replace it: fallow keys set %s"},
	upstream.Billing:    {Fail, "has no credit", "add credit, or correct the payment method, at the provider"},
	upstream.SpendCap:   {Fail, "has reached its spend limit", "raise the limit at the provider, or wait for its end"},
	upstream.Hold:       {Fail, "belongs to an organisation that the provider has disabled", "write to the provider's support; do not route around it"},
	upstream.Encryption: {Fail, "belongs to a workspace whose encryption key cannot be reached", "restore the customer-managed key"},
	upstream.Connect:    {Fail, "could not be tried: nothing answers", "look at base_url, DNS and the way out of the network"},
	upstream.Permission: {Warn, "may not list models, so it could not be tried", "nothing, if %s is meant to be restricted; the first request will tell"},
	upstream.RateLimit:  {Warn, "is limited right now", "nothing: it rests until the provider says otherwise"},
	upstream.Timeout:    {Warn, "could not be tried: the provider takes too long", "look at the provider's status page, then try again"},
	upstream.Overload:   {Warn, "could not be tried: the provider has no capacity", "look at the provider's status page, then try again"},
	upstream.Provider:   {Warn, "could not be tried: the provider has a fault of its own", "look at the provider's status page, then try again"},
}

// verdict turns a refusal into a finding.
func verdict(about, name, key string, f *upstream.Fault) Finding {
	r, ok := remedies[f.Class]
	if !ok {
		r.level, r.what = Warn, "could not be tried: the provider does not take the free call"
		r.fix = "nothing, if the provider has no list of models; the first request will tell"
	}
	if f.Message != "" {
		r.what += " (" + clip(f.Message) + ")"
	}
	if r.level == Fail && f.Class == upstream.Auth || f.Class == upstream.Permission {
		r.fix = fmt.Sprintf(r.fix, name+"/"+key)
	}
	return Finding{about, r.level, r.what, r.fix}
}

// longText bounds what is shown of a provider's message, in characters.
const longText = 200

func clip(s string) string {
	if r := []rune(s); len(r) > longText {
		return string(r[:longText]) + "…"
	}
	return s
}
