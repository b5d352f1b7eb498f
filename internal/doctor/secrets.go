package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/secret"
)

// named is a credential that the document refers to.
type named struct{ name, ref string }

// references lists the document's credentials in order of their names.
func references(doc *config.Config) []named {
	var all []named
	for _, pool := range slices.Sorted(maps.Keys(doc.Pools)) {
		for _, k := range doc.Pools[pool].Keys {
			all = append(all, named{pool + "/" + k.Name, k.Secret})
		}
		if admin := doc.Pools[pool].AdminKey; admin != "" {
			all = append(all, named{pool + "/admin_key", admin})
		}
	}
	for _, t := range doc.Clients.Tokens {
		all = append(all, named{"clients/" + t.Name, t.Secret})
	}
	for i, s := range doc.Clients.EdgeSecrets {
		all = append(all, named{fmt.Sprintf("clients/edge/%d", i+1), s})
	}
	if doc.Admin.Secret != "" {
		all = append(all, named{"admin", doc.Admin.Secret})
	}
	return all
}

// secrets reads every credential, and tells of those that cannot be read.
func (x *examination) secrets(ctx context.Context) []Finding {
	all := references(x.Document)
	failed := make([]*Finding, len(all))
	var reading sync.WaitGroup
	for i, n := range all {
		reading.Go(func() { failed[i] = x.unreadable(ctx, n) })
	}
	reading.Wait()
	var found []Finding
	for _, f := range failed {
		if f != nil {
			found = append(found, *f)
		}
	}
	if len(found) == 0 {
		found = []Finding{good("secrets", fmt.Sprintf("all %d can be read", len(all)))}
	}
	return found
}

func (x *examination) unreadable(ctx context.Context, n named) *Finding {
	ref, err := secret.ParseRef(n.ref)
	if err == nil {
		_, err = x.Secrets.Get(ctx, ref)
	}
	if err == nil {
		return nil
	}
	f := &Finding{"secret of " + n.name, Fail, err.Error(), "fallow keys set " + n.name}
	switch {
	case ref.Scheme == secret.SchemeEnv:
		f.Fix = "set the variable " + ref.ID
	case ref.Scheme == secret.SchemeFile:
		f.Fix = "put the credential into " + ref.ID
	case errors.Is(err, secret.ErrGone):
		f.Fix = "deploy the stack, which makes the secret, or look at AWS_REGION; then: " + f.Fix
	case ref.Scheme == secret.SchemeSecretsManager:
		x.unreached(f, err)
	}
	return f
}

// unreached corrects what is said of a secret that Secrets Manager did not give
// out: setting it again would help nothing. A secret that was read and is of no
// use is left as it is.
func (x *examination) unreached(f *Finding, err error) {
	var call *smithy.OperationError
	if !errors.As(err, &call) {
		return
	}
	var refusal smithy.APIError
	switch _, none := x.signer(); {
	case none != nil: // the SDK's own words are long and the same for each secret
		f.What, f.Fix = "cannot be read without AWS credentials", "see the finding about "+aboutSigner
	case errors.As(err, &refusal) && strings.HasPrefix(refusal.ErrorCode(), "AccessDenied"):
		f.Fix = "allow secretsmanager:GetSecretValue on it, and kms:Decrypt if it has a key of its own"
	default:
		f.Fix = "look at AWS_REGION and the way out of the network"
	}
}
